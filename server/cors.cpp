#include "server/cors.h"

namespace orlop::server {

bool is_preflight(const Request& request) noexcept {
  return request.method == "OPTIONS" && request.headers.has("origin") &&
         request.headers.has("access-control-request-method");
}

Reply preflight_reply(const Request& request) {
  Reply reply;
  reply.headers.add("access-control-allow-origin", "*");
  reply.headers.add("access-control-allow-methods", "GET, PUT, POST, DELETE, HEAD");
  std::string wanted = request.headers.joined("access-control-request-headers");
  if (!wanted.empty()) reply.headers.add("access-control-allow-headers", wanted);
  reply.headers.add("access-control-max-age", "3000");
  reply.headers.add("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
  return reply;
}

void add_cors(Headers& headers, const Request& request) {
  if (!request.headers.has("origin") || headers.has("access-control-allow-origin")) return;
  headers.add("access-control-allow-origin", "*");
  headers.add(
      "access-control-expose-headers",
      "ETag, Location, Content-Length, Content-Range, Accept-Ranges, Last-Modified, x-amz-request-id, x-amz-id-2, "
      "x-amz-bucket-region, x-amz-checksum-crc32, x-amz-checksum-crc32c, x-amz-checksum-crc64nvme, "
      "x-amz-checksum-sha1, x-amz-checksum-sha256, x-amz-checksum-type, x-amz-mp-parts-count, x-amz-tagging-count");
  headers.add("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
}

}  // namespace orlop::server
