// Bucket: its objects, and what belongs to the bucket itself.
#include "core/s3_state.h"
#include "orlop/bulk.h"

namespace orlop::s3 {

struct VersionLister::State {
  std::shared_ptr<const Bucket::State> bucket;
  VersionsRequest request;
  Context context;
  VersionsReply page{};
  std::size_t position = 0;
  bool started = false;
};

Result<const Version*> VersionLister::next() {
  State& state = *state_;
  while (state.position == state.page.versions.size()) {
    if (state.started && !state.page.truncated) return nullptr;
    if (state.started) {
      bool stands =
          state.page.next_key == state.request.after_key && state.page.next_version == state.request.after_version;
      if (stands || state.page.next_key.empty()) {
        return Error(Code::data_corrupted, "the listing of versions does not move on")
            .add_context("versions", "s3", {});
      }
      state.request.after_key = state.page.next_key;
      state.request.after_version = state.page.next_version;
    }
    ORLOP_ASSIGN(state.page, state.bucket->call(state.context, "versions", state.request.prefix,
                                                [&](Client& client, const Context& inner) {
                                                  return list_versions(client, inner, state.request);
                                                }));
    state.position = 0;
    state.started = true;
  }
  return &state.page.versions[state.position++];
}

const std::string& Bucket::name() const noexcept { return state_->name; }
const Storage& Bucket::storage() const noexcept { return state_->storage; }

Object Bucket::object(std::string_view key, std::string_view version) const { return Object(*this, key, version); }

Result<std::optional<Meta>> Bucket::look_up(std::string_view key, const Context& context) const {
  auto meta = object(key).stat(context);
  if (meta) return std::optional(*std::move(meta));
  if (meta.error().code() == Code::not_found) return std::optional<Meta>();
  return std::move(meta).error();
}

Lister Bucket::list(std::string_view prefix, std::string_view delimiter, std::string_view start_after,
                    const Context& context) const {
  ListRequest request{.prefix = std::string(prefix), .delimiter = std::string(delimiter)};
  request.start_after = start_after;
  return Lister(state_->storage.driver(), std::move(request), context);
}

VersionLister Bucket::versions(std::string_view prefix, std::string_view delimiter, const Context& context) const {
  VersionsRequest request{std::string(prefix), std::string(delimiter), {}, {}};
  VersionLister::State state{state_, std::move(request), context};
  return VersionLister(std::make_shared<VersionLister::State>(std::move(state)));
}

Result<RemoveResults> Bucket::remove(const std::vector<std::string>& keys, const Context& context) const {
  return remove_many(context, *state_->storage.driver(), keys, {.concurrency = 8});
}

Result<std::string> Bucket::location(const Context& context) const {
  ORLOP_ASSIGN(std::string location, state_->call(context, "location", {}, get_location));
  return location.empty() ? std::string("us-east-1") : location;
}

Result<Acl> Bucket::acl(const Context& context) const {
  return state_->call(context, "acl", {},
                      [](Client& client, const Context& inner) { return get_acl(client, inner, {}); });
}

Result<void> Bucket::set_acl(std::string_view canned, const Context& context) const {
  return state_->call(context, "set_acl", {},
                      [&](Client& client, const Context& inner) { return put_acl(client, inner, {}, canned); });
}

Result<void> Bucket::set_acl(const Acl& acl, const Context& context) const {
  return state_->call(context, "set_acl", {},
                      [&](Client& client, const Context& inner) { return put_acl(client, inner, {}, acl); });
}

Result<void> Bucket::grant(Grant grant, const Context& context) const {
  ORLOP_ASSIGN(Acl present, acl(context));
  present.grants.push_back(std::move(grant));
  return set_acl(present, context);
}

Result<Versioning> Bucket::versioning(const Context& context) const {
  return state_->call(context, "versioning", {}, get_versioning);
}

Result<void> Bucket::set_versioning(bool enabled, const Context& context) const {
  return state_->call(context, "set_versioning", {},
                      [&](Client& client, const Context& inner) { return put_versioning(client, inner, enabled); });
}

Result<StringMap> Bucket::tags(const Context& context) const {
  return state_->call(context, "tags", {},
                      [](Client& client, const Context& inner) { return get_tags(client, inner, {}); });
}

Result<void> Bucket::set_tags(const StringMap& tags, const Context& context) const {
  return state_->call(context, "set_tags", {},
                      [&](Client& client, const Context& inner) { return put_tags(client, inner, {}, tags); });
}

Result<void> Bucket::remove_tags(const Context& context) const {
  return state_->call(context, "remove_tags", {},
                      [](Client& client, const Context& inner) { return delete_tags(client, inner, {}); });
}

}  // namespace orlop::s3
