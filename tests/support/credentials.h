// Files, variables and doubles of credential services for one test, gone after it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/scripted_server.h"
#include "wire/date.h"

namespace orlop::s3 {

// Files and variables of this test only; those of before come back. Nothing of the machine it runs on is asked.
class CleanEnvironment : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/orlop-credentials-XXXXXX";
    directory_ = ::mkdtemp(name);
    for (char** entry = environ; *entry; ++entry) {
      std::string text = *entry;
      if (text.starts_with("AWS_") || text.starts_with("HOME="))
        before_[text.substr(0, text.find('='))] = std::getenv(text.substr(0, text.find('=')).c_str());
    }
    for (const auto& [variable, value] : before_) ::unsetenv(variable.c_str());
    set("HOME", directory_.string());
    set("AWS_SHARED_CREDENTIALS_FILE", (directory_ / "credentials").string());
    set("AWS_CONFIG_FILE", (directory_ / "config").string());
    set("AWS_EC2_METADATA_DISABLED", "true");
  }
  void TearDown() override {
    for (const std::string& variable : set_) ::unsetenv(variable.c_str());
    for (const auto& [variable, value] : before_) ::setenv(variable.c_str(), value.c_str(), 1);
    std::filesystem::remove_all(directory_);
  }
  void set(const std::string& variable, const std::string& value) {
    ::setenv(variable.c_str(), value.c_str(), 1);
    set_.push_back(variable);
  }
  std::string write(const std::string& file, const std::string& text) {
    auto path = directory_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }

  std::filesystem::path directory_;

 private:
  std::map<std::string, std::string> before_;
  std::vector<std::string> set_;
};

inline std::string in(std::chrono::seconds life) {
  auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  return wire::format_iso8601(now + life);
}

inline std::string answer(int status, const std::string& body, const std::string& type = "application/json") {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", status, type, body.size(),
                     body);
}

// A service that answers by a function of what was asked. Text for the wire; empty: it says nothing
// more; "CUT ...": it closes after that.
class Double {
 public:
  struct Asked {
    std::string head, body;
    std::string line() const { return head.substr(0, head.find("\r\n")); }
    bool has(const std::string& text) const { return (head + body).find(text) != std::string::npos; }
  };
  using Answer = std::function<std::string(const Asked&)>;

  explicit Double(Answer give)
      : give_(std::move(give)), server_([this](orlop::testing::Connection& connection, int) { serve(connection); }) {}

  std::string url(const std::string& path = "") const { return server_.url(path); }
  std::vector<Asked> asked() const {
    std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void serve(orlop::testing::Connection& connection) {
    for (std::string head; !(head = connection.head()).empty();) {
      Asked asked{head, connection.body(length_of(head))};
      {
        std::lock_guard lock(mutex_);
        asked_.push_back(asked);
      }
      std::string text = give_(asked);
      if (text.empty()) {
        connection.closed_within(std::chrono::seconds(20));
        return;
      }
      bool cut = text.starts_with("CUT ");
      if (!connection.write(text.substr(cut ? 4 : 0)) || cut) return;
    }
  }
  static std::size_t length_of(std::string head) {
    for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::size_t at = head.find("content-length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
  }

  Answer give_;
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  orlop::testing::ScriptedServer server_;
};

}  // namespace orlop::s3
