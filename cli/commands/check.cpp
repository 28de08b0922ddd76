// orlop check
#include <fmt/format.h>
#include <sys/random.h>

#include <array>

#include "cli/command.h"
#include "cli/identity.h"
#include "cli/options.h"
#include "cli/session.h"

namespace orlop::cli {
namespace {

// What to change, where the error itself only says what is.
std::string_view advice(const Error& error, bool directory) {
  if (directory) return error.code() == Code::not_found ? "make the directory, or correct its name" : "";
  static constexpr std::pair<std::string_view, std::string_view> by_service_code[] = {
      {"RequestTimeTooSkewed", "set this machine's clock (timedatectl set-ntp true)"},
      {"InvalidAccessKeyId", "the service does not know AWS_ACCESS_KEY_ID: is it from another service or account?"},
      {"SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID"},
      {"ExpiredToken", "AWS_SESSION_TOKEN has expired: get new credentials"},
      {"InvalidToken", "unset AWS_SESSION_TOKEN, or get new credentials"},
      {"NoSuchBucket", "make the bucket with orlop mb, or correct its name"},
      {"AuthorizationHeaderMalformed", "write --region as the service says"},
      {"PermanentRedirect", "write --region of the bucket"},
      {"AccessDenied", "the policy of this user or bucket does not allow it"},
  };
  for (const auto& [code, text] : by_service_code) {
    if (error.service_code() == code) return text;
  }
  switch (error.code()) {
    case Code::not_found:
      return "make the bucket with orlop mb, or correct its name";
    case Code::unauthenticated:
      return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --profile";
    case Code::permission_denied:
      return "the policy of this user or bucket does not allow it";
    case Code::unavailable:
    case Code::timeout:
      return "check --endpoint-url, the network and the proxy";
    case Code::data_corrupted:
      return "what answers is no S3 service: check --endpoint-url";
    default:
      return {};
  }
}

class Check : public Command {
 public:
  void declare(Options& options) override {
    options.flag("--write", write_, "Also write, read back and remove one small object")
        .operands("URL", operands_, 1, 1);
  }

  Exit run(Session& session) override {
    session_ = &session;
    auto opened = open();
    if (!opened) return bad("settings", opened.error()), code_;
    const Storage& storage = *opened;
    good("settings", fmt::format("{} {}", storage.info().scheme, storage.info().name));
    if (!check_credentials(storage) || !check_list(storage)) return code_;
    check_read(storage);
    if (!write_)
      skipped("write", "not tried: add --write");
    else if (check_write(storage))
      check_remove(storage);
    return code_;
  }

 private:
  Result<Storage> open() {
    ORLOP_ASSIGN(Target target, parse_target(operands_.front()));
    if (target.is_stream()) return Error(Code::config_invalid, "write a URL, as in s3://bucket");
    key_ = probe_key(target);
    directory_ = local_path(target).has_value();
    prefix_ = target.is_remote() ? target.key : "";
    return target.is_remote() ? session_->open(target) : Session::open_directory(target.key);
  }

  // Below the prefix that was named: elsewhere nothing might be allowed.
  static std::string probe_key(const Target& target) {
    std::uint64_t random = 0;
    static_cast<void>(::getrandom(&random, sizeof random, 0));
    return fmt::format("{}orlop-check-{:016x}", target.is_remote() ? target.key : "", random);
  }

  // Signing needs credentials and no request; the address tells how the service is reached.
  bool check_credentials(const Storage& storage) {
    if (!storage.info().caps.has(Cap::presign_get)) return true;
    auto request = storage.driver()->presign(session_->context(), {.key = key_});
    if (!request) return bad("credentials", request.error());
    std::string_view url = request->url;
    const std::size_t host = url.find("://") + 3;
    good("credentials", "found");
    return good("endpoint", url.substr(0, url.find('/', host)));
  }

  // The first request: whatever is wrong between here and the service shows now.
  bool check_list(const Storage& storage) {
    const auto start = Clock::now();
    ListRequest request;
    request.prefix = prefix_;
    request.page_size = 1;
    auto page = storage.driver()->list(session_->context(), request);
    const auto elapsed = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    if (page) return good("list", fmt::format("answered in {:.0f} ms", elapsed));
    bad("list", page.error());
    // A user who may not list may still read and write.
    return page.error().code() == Code::permission_denied;
  }

  void check_read(const Storage& storage) {
    auto meta = storage.driver()->stat(session_->context(), {.key = key_});
    if (meta || meta.error().code() == Code::not_found)
      good("read", "allowed");
    else
      bad("read", meta.error());
  }

  bool check_write(const Storage& storage) {
    static constexpr std::string_view content = "written by orlop check\n";
    auto put = storage.driver()->put(session_->context(), {.key = key_, .payload = Payload::text(content)});
    if (!put) return bad("write", put.error());
    auto reader = storage.driver()->read(session_->context(), {.key = key_});
    if (!reader) return bad("read back", reader.error());
    std::string text;
    std::array<std::byte, 256> buffer;
    for (;;) {
      auto count = (*reader)->read(buffer);
      if (!count) return bad("read back", count.error());
      if (*count == 0) break;
      text += as_text(Bytes(buffer).first(*count));
      if (text.size() > content.size()) break;
    }
    if (text != content)
      return bad("read back", Error(Code::data_corrupted, "other bytes came back than were written"));
    return good("write", "allowed, and read back unchanged");
  }

  void check_remove(const Storage& storage) {
    auto results = storage.driver()->remove(session_->context(), {.keys = {key_}});
    if (results && !results->front())
      good("remove", "allowed");
    else
      bad("remove", results ? *results->front() : results.error());
  }

  bool good(std::string_view what, std::string_view detail) { return line("ok", what, std::string(detail)), true; }
  void skipped(std::string_view what, std::string_view detail) { line("-", what, std::string(detail)); }
  bool bad(std::string_view what, const Error& error) {
    std::string detail = describe({}, error, session_->global().verbose);
    if (std::string_view hint = advice(error, directory_); !hint.empty()) detail += fmt::format("; {}", hint);
    line("FAIL", what, detail);
    if (code_ == Exit::ok) code_ = exit_of(error.code());
    return false;
  }

  void line(std::string_view verdict, std::string_view what, const std::string& detail) {
    if (session_->global().json) {
      JsonLine json;
      json.add("check", what)
          .add("result", verdict == "-"    ? "skipped"
                         : verdict == "ok" ? "ok"
                                           : "failed")
          .add("detail", detail);
      session_->out().line(json.text());
    } else {
      session_->out().line(fmt::format("{:<5} {:<12} {}", verdict, what, escaped(detail)));
    }
    session_->out().flush();  // the next step may take its time
  }

  Session* session_ = nullptr;
  std::vector<std::string> operands_;
  std::string key_, prefix_;
  bool write_ = false;
  bool directory_ = false;  // a local one, whatever it is called
  Exit code_ = Exit::ok;
};

}  // namespace

const Verb check_verb{
    .name = "check",
    .summary = "Find out whether a storage can be reached and used, and what to change if not",
    .operands = "URL",
    .examples =
        "  orlop check s3://bucket\n"
        "  orlop check --write photos:\n",
    .make = []() -> std::unique_ptr<Command> { return std::make_unique<Check>(); },
};

}  // namespace orlop::cli
