#include "backends/s3/credentials/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "backends/s3/credentials/service.h"
#include "engine/aside.h"
#include "engine/file_descriptor.h"

extern char** environ;

namespace orlop::s3 {
namespace {

constexpr std::string_view process_option = "credential_process";
constexpr std::size_t output_limit = 64 << 10;
constexpr std::chrono::seconds time_limit{60};
constexpr std::chrono::milliseconds look_around{20};

Error failed(std::string_view why) { return Error(Code::config_invalid, fmt::format("{}: {}", process_option, why)); }

// A child that is gone when this is.
class Child {
 public:
  explicit Child(::pid_t id) : id_(id) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (id_ <= 0) return;
    ::kill(id_, SIGKILL);
    while (::waitpid(id_, nullptr, 0) < 0 && errno == EINTR) continue;
  }
  // Its exit status; nothing when it goes on, or somebody else waited for it.
  std::optional<int> status(const Context& context) {
    while (!context.expired()) {
      int status = 0;
      ::pid_t ended = ::waitpid(id_, &status, WNOHANG);
      if (ended < 0 && errno == EINTR) continue;
      if (ended != 0) id_ = 0;
      if (ended > 0) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
      if (ended < 0) return 0;  // SIGCHLD is ignored here: its output has to do
      std::this_thread::sleep_for(look_around);
    }
    return std::nullopt;
  }

 private:
  ::pid_t id_;
};

// With the signals and the mask a program starts with, reading nothing.
Result<::pid_t> spawn(std::vector<std::string>& words, int output) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, pipe;
  sigemptyset(&none);
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &pipe);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  ::pid_t child = 0;
  int problem = ::posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (problem == 0) return child;
  return failed(fmt::format("{} cannot be run: {}", words[0], std::generic_category().message(problem)));
}

Result<std::string> read_output(const Context& context, int fd) {
  std::string text;
  std::array<char, 4096> block;
  while (text.size() <= output_limit) {
    if (auto over = context.expired()) return std::move(*over);
    pollfd waiting{fd, POLLIN, 0};
    if (::poll(&waiting, 1, static_cast<int>(look_around.count())) <= 0) continue;
    ssize_t n = ::read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
  return failed("it prints more than credentials");
}

Result<std::string> output_of(const Context& context, std::vector<std::string> words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed(std::generic_category().message(errno));
  FileDescriptor reading(ends[0]);
  FileDescriptor writing(ends[1]);
  ORLOP_ASSIGN(::pid_t id, spawn(words, writing.get()));
  Child child(id);
  writing = FileDescriptor();
  ORLOP_ASSIGN(std::string text, read_output(context, reading.get()));
  auto status = child.status(context);
  if (!status) return failed("it does not end");
  if (*status != 0) return failed(fmt::format("{} ended with status {}", words[0], *status));
  return text;
}

}  // namespace

Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool inside = false;
  for (std::size_t at = 0; at < command.size(); ++at) {
    char c = command[at];
    bool escapes = c == '\\' && quote != '\'' && at + 1 < command.size();
    // Within double quotes a backslash is one before these two only (POSIX, Shell Command Language, 2.2.3).
    if (escapes && quote == '"' && command[at + 1] != '"' && command[at + 1] != '\\') escapes = false;
    if (escapes) {
      word += command[++at];
      inside = true;
    } else if (quote != 0 ? c == quote : (c == '\'' || c == '"')) {
      quote = quote != 0 ? '\0' : c;
      inside = true;
    } else if (quote == 0 && (c == ' ' || c == '\t')) {
      if (inside) words.push_back(std::move(word));
      word.clear();
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  if (quote != 0) return failed("a quote has no end");
  if (inside) words.push_back(std::move(word));
  if (words.empty()) return failed("there is no command");
  return words;
}

Result<Credentials> run_credential_process(const Context& context, std::string_view command) {
  ORLOP_ASSIGN(auto words, split_command(command));
  ORLOP_ASSIGN(std::string text,
               engine::aside([&] { return output_of(context.with_timeout(time_limit), std::move(words)); }));
  auto object = parse_object(text);
  if (!object.is_object()) return failed("what it prints is no JSON object");
  auto version = object.find("Version");
  if (version == object.end() || *version != 1) return failed("what it prints has no \"Version\": 1");
  return credentials_of(object, {.token = "SessionToken", .must_end = false}, process_option);
}

}  // namespace orlop::s3
