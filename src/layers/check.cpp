// check: what a driver cannot do faithfully is refused before any I/O.
#include <fmt/core.h>

#include <algorithm>

#include "layers/layer.h"
#include "orlop/layers/layers.h"
#include "wire/utf8.h"

namespace orlop::layers {

namespace {

Error invalid(std::string message) { return Error(Code::invalid_argument, std::move(message)); }

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool is_token(std::string_view name) {  // RFC 9110 section 5.6.2, without capitals
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

// A line break in a header would let its writer add headers of its own.
Result<void> check_attrs(const Attrs& attrs) {
  const std::pair<std::string_view, const std::string*> texts[] = {
      {"content_type", &attrs.content_type},         {"content_encoding", &attrs.content_encoding},
      {"content_language", &attrs.content_language}, {"content_disposition", &attrs.content_disposition},
      {"cache_control", &attrs.cache_control},       {"expires", &attrs.expires}};
  for (const auto& [name, text] : texts) {
    if (has_control(*text)) return invalid(fmt::format("{} contains a control character", name));
  }
  for (const auto& [name, value] : attrs.user) {
    if (!is_token(name)) return invalid(fmt::format("metadata names are lower-case ASCII tokens, not \"{}\"", name));
    if (has_control(value) || !is_utf8(value)) return invalid(fmt::format("the metadata {} is no line of text", name));
  }
  return {};
}

class Check final : public Layer<Check> {
 public:
  explicit Check(std::shared_ptr<Driver> next) : Layer(std::move(next), "check") {}

  template <class Next>
  auto around(const Context& context, const Call& call, Next&& next_call) -> decltype(next_call(context)) {
    if (call.operation != "list") {
      if (auto valid = check_key(call.key); !valid) return located(std::move(valid).error(), call.operation, call.key);
    }
    auto result = next_call(context);
    if (result) return result;
    Error error = located(std::move(result).error(), call.operation, call.key);
    if (changes_nothing(call.operation)) error.set_outcome_unknown(false);
    return error;
  }

  Result<Meta> stat(const Context& context, const StatRequest& request) override {
    if (auto ok = check_read(request.conditions, request.version); !ok) return refused(ok, "stat", request.key);
    return Layer::stat(context, request);
  }

  Result<std::unique_ptr<Reader>> read(const Context& context, const ReadRequest& request) override {
    auto ok = check_read(request.conditions, request.version);
    if (ok && request.range.kind() == Range::Kind::suffix) ok = need(Cap::read_suffix);
    if (!ok) return refused(ok, "read", request.key);
    return Layer::read(context, request);
  }

  Result<Meta> put(const Context& context, const PutRequest& request) override {
    auto ok = check_mode(request.mode, request.if_match, Cap::put_create, Cap::put_match);
    if (ok && request.attrs) ok = check_attrs(*request.attrs);
    if (ok) ok = check_size(request.payload.size(), std::min(info().limits.put_max, info().limits.object_max));
    if (!ok) return refused(ok, "put", request.key);
    return Layer::put(context, request);
  }

  Result<std::unique_ptr<Writer>> write(const Context& context, const WriteRequest& request) override {
    auto ok = check_mode(request.mode, request.if_match, Cap::write_create, Cap::write_match);
    if (ok) ok = check_attrs(request.attrs);
    if (ok && request.size) ok = check_size(*request.size, info().limits.object_max);
    if (!ok) return refused(ok, "write", request.key);
    return Layer::write(context, request);
  }

  Result<Page> list(const Context& context, const ListRequest& request) override {
    Result<void> ok;
    if (!request.start_after.empty()) ok = need(Cap::start_after);
    for (std::string_view text : {std::string_view(request.prefix), std::string_view(request.start_after)}) {
      if (ok && text.find('\0') != std::string_view::npos) ok = invalid("keys contain no NUL");
    }
    if (!ok) return refused(ok, "list", request.prefix);
    return Layer::list(context, request);
  }

  Result<RemoveResults> remove(const Context& context, const RemoveRequest& request) override {
    if (request.keys.empty()) return RemoveResults{};
    Result<void> ok;
    if (request.keys.size() > info().limits.remove_batch) {
      ok = invalid(fmt::format("at most {} keys can be removed with one call", info().limits.remove_batch));
    }
    for (const std::string& key : request.keys) {
      if (ok) ok = check_key(key);
    }
    if (!ok) return refused(ok, "remove", {});
    return Layer::remove(context, request);
  }

  Result<Meta> copy(const Context& context, const CopyRequest& request) override {
    if (auto ok = check_copy(request, Cap::copy); !ok) return refused(ok, "copy", request.from);
    return Layer::copy(context, request);
  }

  Result<void> move(const Context& context, const CopyRequest& request) override {
    if (auto ok = check_copy(request, Cap::move); !ok) return refused(ok, "move", request.from);
    return Layer::move(context, request);
  }

  Result<std::string> public_url(std::string_view key) const override {
    auto ok = need(Cap::public_url);
    if (ok) ok = check_key(key);
    if (!ok) return refused(ok, "public_url", key);
    auto url = Layer::public_url(key);
    if (!url) url.error().add_context("public_url", info().scheme, key);
    return url;
  }

  Result<Presigned> presign(const Context& context, const PresignRequest& request) override {
    auto ok = need(presign_cap(request.method));
    if (ok && request.expires < std::chrono::seconds(0)) ok = invalid("a signed URL cannot expire before it is made");
    if (!ok) return refused(ok, "presign", request.key);
    ORLOP_ASSIGN(Presigned made, Layer::presign(context, request));
    if (made.expires == std::chrono::seconds(0)) made.expires = request.expires;  // of a driver that does not say
    return made;
  }

 private:
  static bool changes_nothing(std::string_view operation) {
    return operation == "stat" || operation == "read" || operation == "list";
  }

  Result<void> need(Cap cap) const {
    if (info().caps.has(cap)) return {};
    return Error(Code::unsupported, fmt::format("{} cannot do this ({})", info().scheme, to_string(cap)));
  }

  Result<void> check_key(std::string_view key) const {
    if (key.empty()) return invalid("the name is empty");
    if (key.size() > info().limits.key_bytes) {
      return invalid(fmt::format("the name is longer than {} bytes", info().limits.key_bytes));
    }
    if (key.find('\0') != std::string_view::npos) return invalid("the name contains a NUL byte");
    if (!is_utf8(key)) return invalid("the name is not valid UTF-8");
    return {};
  }

  Result<void> check_read(const Conditions& conditions, std::string_view version) const {
    if (!conditions.empty()) ORLOP_TRY(need(Cap::read_conditions));
    if (!version.empty()) ORLOP_TRY(need(Cap::versions));
    return {};
  }

  Result<void> check_mode(PutMode mode, std::string_view if_match, Cap create, Cap match) const {
    if (mode == PutMode::overwrite) return {};
    if (mode == PutMode::create) return need(create);
    if (if_match.empty()) return invalid("PutMode::match needs the etag to match");
    return need(match);
  }

  Result<void> check_copy(const CopyRequest& request, Cap operation) const {
    ORLOP_TRY(need(operation));
    ORLOP_TRY(check_key(request.to));
    if (request.attrs) ORLOP_TRY(check_attrs(*request.attrs));
    return check_mode(request.mode, request.if_match, Cap::copy_create, Cap::copy_create);
  }

  static Result<void> check_size(std::uint64_t size, std::uint64_t limit) {
    if (size <= limit) return {};
    return invalid(fmt::format("{} bytes are more than the {} that can be stored this way", size, limit));
  }

  static Cap presign_cap(SignedMethod method) {
    switch (method) {
      case SignedMethod::get:
      case SignedMethod::head:
        return Cap::presign_get;
      case SignedMethod::put:
      case SignedMethod::remove:
        return Cap::presign_put;
      case SignedMethod::post:
        return Cap::presign_post;
    }
    return Cap::presign_get;
  }

  Error refused(Result<void>& why, std::string_view operation, std::string_view key) const {
    return located(std::move(why).error(), operation, key);
  }

  // A key that is no text is not repeated in the message.
  Error located(Error error, std::string_view operation, std::string_view key) const {
    error.add_context(operation, info().scheme, is_utf8(key) ? key : std::string_view{});
    return error;
  }
};

}  // namespace

std::shared_ptr<Driver> check(std::shared_ptr<Driver> next) { return std::make_shared<Check>(std::move(next)); }

}  // namespace orlop::layers
