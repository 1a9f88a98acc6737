// Runs the built command, as a user would.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "folder.hpp"

namespace orionrt::tests {

struct Outcome {
  int code = -1;  // exit code; 1000 + N when signal N ended it
  std::string out;
  std::string err;
};

inline std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit code " << outcome.code << "\nstdout: " << outcome.out << "\nstderr: " << outcome.err;
}

// Ended by a signal (code 1014) after `most_seconds`: nothing here comes near, unless it hangs.
inline Outcome Run(const std::string& program, const std::vector<std::string>& arguments, const std::string& input = "",
                   unsigned most_seconds = 120) {
  const Folder folder;
  const std::string in = folder.Write("in", input);
  const pid_t child = fork();
  if (child == 0) {
    const int truncate = O_WRONLY | O_CREAT | O_TRUNC;
    dup2(open(in.c_str(), O_RDONLY), 0);
    dup2(open((folder / "out").c_str(), truncate, 0600), 1);
    dup2(open((folder / "err").c_str(), truncate, 0600), 2);
    alarm(most_seconds);
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    execvp(program.c_str(), argv.data());
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Outcome outcome;
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  outcome.out = folder.Read("out");
  outcome.err = folder.Read("err");
  return outcome;
}

inline Outcome Orionrt(const std::vector<std::string>& arguments, const std::string& input = "") {
  return Run(ORIONRT_COMMAND, arguments, input);
}

// Every line of CSV without its last field.
inline std::string WithoutLastColumn(const std::string& csv) {
  std::istringstream lines(csv);
  std::string out;
  for (std::string line; std::getline(lines, line);) out += line.substr(0, line.rfind(',')) + "\n";
  return out;
}

}  // namespace orionrt::tests

// The exit code, silence on the stream that should be silent, and what the message must say.
#define EXPECT_FAILS(expected_code, outcome, ...)                                                                      \
  do {                                                                                                                 \
    const ::orionrt::tests::Outcome result_ = (outcome);                                                               \
    EXPECT_EQ(result_.code, expected_code) << result_;                                                                 \
    EXPECT_EQ(result_.out, "") << "a failure prints no result\n" << result_;                                           \
    for (const std::string word_ : std::vector<std::string>{__VA_ARGS__}) {                                            \
      EXPECT_NE(result_.err.find(word_), std::string::npos) << "stderr does not say \"" << word_ << "\"\n" << result_; \
    }                                                                                                                  \
  } while (false)
