#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "folder.hpp"
#include "orionrt/formats.hpp"
#include "refuses.hpp"

namespace orionrt::file_test {
namespace {

using tests::Refuses;

TEST(Files, AreReadAndWrittenWhole) {
  tests::Folder folder;
  std::string text(300000, 'x');
  text[7] = '\0';
  WriteFile(folder / "a", text);
  EXPECT_EQ(ReadFile(folder / "a"), text);
  WriteFile(folder / "a", "");
  EXPECT_EQ(ReadFile(folder / "a"), "");
  EXPECT_EQ(folder.Count(), 1) << "nothing is left beside it";
}

TEST(Files, ThatCannotBeReadAreBadInputNamedWithTheReason) {
  tests::Folder folder;
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {folder / "none", "No such file"}, [&] { ReadFile(folder / "none"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kBadInput, {folder.path(), "directory"}, [&] { ReadFile(folder.path()); }));
}

TEST(Files, ThatCannotBeWrittenAreMisuseNamedWithTheReason) {
  tests::Folder folder;
  EXPECT_TRUE(
      Refuses(ErrorCode::kMisuse, {folder / "no/x", "No such file"}, [&] { WriteFile(folder / "no/x", "text"); }));
  EXPECT_TRUE(Refuses(ErrorCode::kMisuse, {folder.path(), "directory"}, [&] { WriteFile(folder.path(), "text"); }));
  EXPECT_EQ(folder.Count(), 0);
}

TEST(Files, AFullDeviceIsNoticed) {
  struct stat info;
  if (stat("/dev/full", &info) != 0) GTEST_SKIP() << "no /dev/full here";
  EXPECT_TRUE(
      Refuses(ErrorCode::kMisuse, {"/dev/full", "No space"}, [] { WriteFile("/dev/full", std::string(100000, 'x')); }));
}

TEST(Files, WrittenThroughASymbolicLinkStayALink) {
  tests::Folder folder;
  folder.Write("target", "old");
  ASSERT_EQ(symlink("target", (folder / "link").c_str()), 0);
  WriteFile(folder / "link", "new");
  EXPECT_EQ(folder.Read("link"), "new");
  EXPECT_EQ(folder.Read("target"), "new");
}

TEST(Files, KeepTheirPermissions) {
  tests::Folder folder;
  folder.Write("a", "old");
  ASSERT_EQ(chmod((folder / "a").c_str(), 0640), 0);
  WriteFile(folder / "a", "new");
  struct stat info;
  ASSERT_EQ(stat((folder / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0640u);
}

}  // namespace
}  // namespace orionrt::file_test
