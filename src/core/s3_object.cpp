// Object: its content through the bucket's storage, and what only S3 has beside it.
#include "core/s3_state.h"
#include "orlop/bulk.h"
#include "orlop/naming.h"

namespace orlop::s3 {
namespace {

Result<void> check_key(std::string_view key) {
  if (!key.empty()) return {};
  // Without a key the request would concern the bucket.
  return Error(Code::invalid_argument, "the key is empty");
}

Result<void> check_latest(const std::string& version) {
  if (version.empty()) return {};
  return Error(Code::invalid_argument, "a version that is there cannot be changed; write to the object itself");
}

Result<Attrs> attrs_of(std::string_view key, Attrs attrs, const std::string& acl) {
  if (!acl.empty()) {
    ORLOP_TRY(check_canned_acl(acl));
    attrs.provider.insert_or_assign("ACL", acl);
  }
  if (!attrs.content_type.empty()) return attrs;
  naming::GuessedType guess = naming::guess_type(key);
  attrs.content_type = guess.type.empty() ? "application/octet-stream" : guess.type;
  if (attrs.content_encoding.empty()) attrs.content_encoding = guess.encoding;
  return attrs;
}

}  // namespace

Driver& Object::driver() const noexcept { return *bucket_.state_->storage.driver(); }

Result<Meta> Object::stat(const Context& context) const {
  return driver().stat(context, {.key = key_, .version = version_});
}

Result<bool> Object::exists(const Context& context) const {
  auto meta = stat(context);
  if (meta) return true;
  if (meta.error().code() == Code::not_found) return false;
  return std::move(meta).error();
}

Result<File> Object::open(const Context& context) const {
  return File::open(bucket_.state_->storage.driver(), {.key = key_, .version = version_}, context);
}

Result<std::string> Object::read_all(const Context& context) const {
  ORLOP_ASSIGN(File file, open(context));
  return file.read_all();
}

Result<Meta> Object::download(const std::string& path, const Context& context,
                              const Storage::Progress& progress) const {
  return download_whole(context, driver(), {.key = key_, .version = version_}, path, progress);
}

Result<Meta> Object::write(const Payload& payload, const WriteOptions& options, const Context& context) const {
  ORLOP_TRY(check_latest(version_));
  ORLOP_ASSIGN(Attrs attrs, attrs_of(key_, options.attrs, options.acl));
  Upload upload{.key = key_, .payload = payload, .attrs = std::move(attrs), .progress = options.progress};
  if (!options.overwrite) upload.mode = PutMode::create;
  return put_whole(context, driver(), upload);
}

Result<Meta> Object::upload(const std::string& path, const WriteOptions& options, const Context& context) const {
  if (path.empty()) return Error(Code::invalid_argument, "the path of the file is empty");
  ORLOP_TRY(check_latest(version_));
  ORLOP_ASSIGN(Attrs attrs, attrs_of(key_, options.attrs, options.acl));
  Upload upload{.key = key_, .path = path, .attrs = std::move(attrs), .progress = options.progress};
  if (!options.overwrite) upload.mode = PutMode::create;
  return put_whole(context, driver(), upload);
}

Result<std::unique_ptr<Writer>> Object::create(const WriteOptions& options, const Context& context) const {
  ORLOP_TRY(check_latest(version_));
  WriteRequest request{.key = key_};
  ORLOP_ASSIGN(request.attrs, attrs_of(key_, options.attrs, options.acl));
  if (!options.overwrite) request.mode = PutMode::create;
  return driver().write(context, request);
}

Result<Meta> Object::copy_to(const Object& target, const CopyOptions& options, const Context& context) const {
  ORLOP_TRY(check_key(key_));
  ORLOP_TRY(check_latest(target.version_));
  Attrs attrs;
  if (options.attrs) {
    ORLOP_ASSIGN(attrs, attrs_of(target.key_, *options.attrs, {}));
  }
  if (!options.acl.empty()) {
    ORLOP_TRY(check_canned_acl(options.acl));
    attrs.provider.insert_or_assign("ACL", options.acl);
  }
  attrs.provider.insert_or_assign("MetadataDirective", options.attrs ? "REPLACE" : "COPY");
  attrs.provider.insert_or_assign("CopySource", bucket_.name() + '/' + key_);
  if (!version_.empty()) attrs.provider.insert_or_assign("CopySourceVersion", version_);
  ORLOP_ASSIGN(Meta meta, target.driver().copy(context, {.from = key_, .to = target.key_, .attrs = &attrs}));
  if (options.keep_acl) {
    ORLOP_ASSIGN(Acl list, acl(context));
    ORLOP_TRY(target.set_acl(list, context));
  }
  return meta;
}

Result<Meta> Object::set_attrs(Attrs attrs, const Context& context) const {
  return copy_to(*this, {.attrs = std::move(attrs)}, context);
}

Result<Removed> Object::remove(const Context& context) const {
  ORLOP_TRY(check_key(key_));
  return state().call(context, "remove", key_, [&](Client& client, const Context& inner) {
    return remove_version(client, inner, {key_, version_});
  });
}

Result<Acl> Object::acl(const Context& context) const {
  ORLOP_TRY(check_key(key_));
  return state().call(context, "acl", key_, [&](Client& client, const Context& inner) {
    return get_acl(client, inner, {key_, version_});
  });
}

Result<void> Object::set_acl(std::string_view canned, const Context& context) const {
  ORLOP_TRY(check_key(key_));
  return state().call(context, "set_acl", key_, [&](Client& client, const Context& inner) {
    return put_acl(client, inner, {key_, version_}, canned);
  });
}

Result<void> Object::set_acl(const Acl& acl, const Context& context) const {
  ORLOP_TRY(check_key(key_));
  return state().call(context, "set_acl", key_, [&](Client& client, const Context& inner) {
    return put_acl(client, inner, {key_, version_}, acl);
  });
}

Result<void> Object::grant(Grant grant, const Context& context) const {
  ORLOP_ASSIGN(Acl present, acl(context));
  present.grants.push_back(std::move(grant));
  return set_acl(present, context);
}

Result<StringMap> Object::tags(const Context& context) const {
  ORLOP_TRY(check_key(key_));
  return state().call(context, "tags", key_, [&](Client& client, const Context& inner) {
    return get_tags(client, inner, {key_, version_});
  });
}

Result<void> Object::set_tags(const StringMap& tags, const Context& context) const {
  ORLOP_TRY(check_key(key_));
  return state().call(context, "set_tags", key_, [&](Client& client, const Context& inner) {
    return put_tags(client, inner, {key_, version_}, tags);
  });
}

Result<void> Object::remove_tags(const Context& context) const {
  ORLOP_TRY(check_key(key_));
  return state().call(context, "remove_tags", key_, [&](Client& client, const Context& inner) {
    return delete_tags(client, inner, {key_, version_});
  });
}

Result<std::string> Object::url(const UrlOptions& options, const Context& context) const {
  if (!driver().info().caps.has(Cap::presign_get)) return public_url();
  PresignRequest request{
      .method = options.method, .key = key_, .expires = options.expires, .parameters = options.parameters};
  if (!version_.empty()) request.query.emplace_back("versionId", version_);
  ORLOP_ASSIGN(Presigned signed_request, driver().presign(context, request));
  return std::move(signed_request.url);
}

Result<std::string> Object::public_url() const { return driver().public_url(key_); }

}  // namespace orlop::s3
