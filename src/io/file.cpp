// Whole files in and out; what is written takes its name only when it is complete.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/lfs.hpp"
#include "base/text.hpp"
#include "orionrt/config.hpp"
#include "orionrt/formats.hpp"

namespace orionrt {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

[[noreturn]] void RefuseRead(const std::string& path, int error) {
  throw Error(ErrorCode::kBadInput, Printable(path, 1000) + ": cannot read: " + std::strerror(error));
}
[[noreturn]] void RefuseWrite(const std::string& path, int error) {
  throw Error(ErrorCode::kMisuse, Printable(path, 1000) + ": cannot write: " + std::strerror(error));
}

std::string ReadAll(std::FILE* file, const std::string& path) {
  std::string text;
  char chunk[1 << 16];
  for (std::size_t got = 0; (got = std::fread(chunk, 1, sizeof chunk, file)) > 0;) text.append(chunk, got);
  if (std::ferror(file) != 0) RefuseRead(path, errno);
  if (IsLfsPointer(text)) {
    throw Error(ErrorCode::kBadInput,
                Printable(path, 1000) + ": is a pointer of Git LFS, not the file itself; fetch it by git lfs pull");
  }
  return text;
}

void WriteAll(std::FILE* file, const std::string& path, std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  if (!written) RefuseWrite(path, errno);
}

// A file of this name that is no plain file (a pipe, a device) is written to as it is.
bool IsSpecial(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
}

}  // namespace

std::string ReadFile(const std::string& path) {
  if (path == "-") return ReadAll(stdin, "standard input");
  const File file(std::fopen(path.c_str(), "rb"));
  if (!file) RefuseRead(path, errno);
  struct stat info;
  if (fstat(fileno(file.get()), &info) == 0 && S_ISDIR(info.st_mode)) RefuseRead(path, EISDIR);
  return ReadAll(file.get(), path);
}

void WriteFile(const std::string& path, std::string_view text) {
  if (path == "-") return WriteAll(stdout, "standard output", text);
  if (IsSpecial(path)) {
    const File file(std::fopen(path.c_str(), "wb"));
    if (!file) RefuseWrite(path, errno);
    return WriteAll(file.get(), path, text);
  }
  // Through a symbolic link to what it means; with the mode of the file that is replaced.
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  const std::string target = real ? real.get() : path;
  const std::string beside = target + ".part" + std::to_string(getpid());
  try {
    const File file(std::fopen(beside.c_str(), "wb"));
    if (!file) RefuseWrite(path, errno);
    struct stat before;
    if (stat(target.c_str(), &before) == 0) (void)fchmod(fileno(file.get()), before.st_mode & 07777);
    WriteAll(file.get(), path, text);
  } catch (...) {
    std::remove(beside.c_str());
    throw;
  }
  if (std::rename(beside.c_str(), target.c_str()) != 0) {
    const int error = errno;
    std::remove(beside.c_str());
    RefuseWrite(path, error);
  }
}

}  // namespace orionrt
