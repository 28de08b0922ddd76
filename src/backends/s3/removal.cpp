#include "backends/s3/removal.h"

#include <algorithm>
#include <map>

#include "backends/s3/wire.h"
#include "wire/hash.h"
#include "wire/xml.h"

namespace orlop::s3 {
namespace {

constexpr std::size_t removal_limit = 8 << 20;

std::optional<Error> remove_one(Client& client, const Context& context, std::string_view key) {
  Request request{.operation = "DeleteObject", .method = "DELETE", .key = key, .status = 204};
  auto response = client.send(context, request);
  if (response) {
    drain(**response);
    return std::nullopt;
  }
  bool absent = response.error().code() == Code::not_found && response.error().service_code() != "NoSuchBucket";
  if (absent) return std::nullopt;
  return std::move(response).error();
}

Result<DeleteReply> delete_batch(Client& client, const Context& context, std::span<const std::string_view> keys) {
  std::string text = delete_body(keys);
  Payload payload = Payload::text(text);
  Request request{.operation = "DeleteObjects", .method = "POST", .key = {}, .query = {{"delete", ""}}};
  ORLOP_ASSIGN(UploadBody body, prepare_upload(payload, client.protection({})));
  request.headers.emplace_back("content-type", "application/xml");
  // Required ("Content-MD5" or a checksum): Amazon takes either, Swift and older services only this one.
  request.headers.emplace_back("content-md5", wire::md5(as_bytes(text)).base64());
  request.body = &body;
  ORLOP_ASSIGN(Reply reply, client.exchange(context, request, removal_limit));
  return parse_delete(reply.body);
}

}  // namespace

Result<RemoveResults> remove_objects(Client& client, const Context& context, const RemoveRequest& request) {
  RemoveResults results(request.keys.size());
  std::vector<std::size_t> singles;
  std::vector<std::string_view> batch;
  std::multimap<std::string_view, std::size_t> open;  // what the batch's answer has yet to mention
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    const std::string& key = request.keys[i];
    if (request.keys.size() > 1 && client.dialect().remove_batch > 1 && wire::xml_representable(key)) {
      if (!open.contains(key)) batch.push_back(key);
      open.emplace(key, i);
    } else {
      singles.push_back(i);
    }
  }
  if (!batch.empty()) {
    ORLOP_ASSIGN(DeleteReply reply, delete_batch(client, context, batch));
    for (const std::string& key : reply.deleted) open.erase(key);
    for (const DeleteReply::Failure& failure : reply.failures) {
      auto [first, last] = open.equal_range(failure.key);
      for (auto it = first; it != last; ++it) {
        if (failure.code == "NoSuchKey") continue;
        results[it->second] =
            to_error({.status = 200, .code = failure.code, .message = failure.message, .spoke_s3 = true});
      }
      open.erase(first, last);
    }
    // Keys the answer is silent about, or spells differently: only their own DELETE gives certainty.
    for (const auto& [key, index] : open) singles.push_back(index);
  }
  for (std::size_t index : singles) results[index] = remove_one(client, context, request.keys[index]);
  return results;
}

}  // namespace orlop::s3
