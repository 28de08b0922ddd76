// An S3 server that does nothing but answer, so that a benchmark measures its client: one thread, epoll, small objects
// in memory, large ones discarded and made up. No signature is checked. A large object's bytes are a repeating
// pattern: sizes are right, contents are not.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "wire/percent.h"

namespace {

constexpr std::size_t most_kept = 64 * 1024;
constexpr std::size_t pattern_size = 8 << 20;
constexpr std::string_view date = "Sat, 21 Nov 2026 12:00:00 GMT";
constexpr std::string_view iso_date = "2026-11-21T12:00:00.000Z";

struct Object {
  std::uint64_t size = 0;
  std::string body;  // empty when too large to be kept
  std::string etag;
  std::string type;
};

struct Upload {
  std::string path;
  std::string type;
  std::map<int, std::uint64_t> sizes;
};

struct Request {
  std::string method;
  std::string path;  // "/bucket/key", decoded
  std::map<std::string, std::string, std::less<>> query;
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case

  std::string_view header(std::string_view name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : found->second;
  }
  std::string_view parameter(std::string_view name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string_view() : found->second;
  }
  bool asks(std::string_view name) const { return query.contains(name); }
  // Of an object, as opposed to a bucket or the service.
  bool has_key() const {
    const auto slash = path.find('/', 1);
    return slash != std::string::npos && slash + 1 < path.size();
  }
  std::string bucket() const { return path.substr(1, path.find('/', 1) - 1); }
};

// What is sent: text, then `length` bytes of the pattern from `offset`.
struct Reply {
  std::string text;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else
      out += c;
  }
  return out;
}

// "size;extensions\r\nbytes\r\n...": the payload encoding of streamed signatures and trailing checksums.
std::string dechunked(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = 0;
    std::from_chars(text.data(), text.data() + text.size(), size, 16);
    const auto line = text.find("\r\n");
    if (size == 0 || line == std::string_view::npos) break;
    out.append(text.substr(line + 2, size));
    text.remove_prefix(std::min(text.size(), line + 2 + size + 2));
  }
  return out;
}

class Store {
 public:
  Reply answer(const Request& request, std::string body, std::uint64_t body_size) {
    if (!request.header("x-amz-decoded-content-length").empty()) {
      body_size = number(request.header("x-amz-decoded-content-length"));
      body = dechunked(body);
    }
    // How many requests came before this one, for harness.py; nothing else may begin with a dash.
    if (request.path == "/-") return text(std::to_string(requests_));
    ++requests_;
    if (request.method == "POST") return post(request, body);
    if (!request.has_key()) return request.method == "GET" ? list(request) : plain(200);
    if (request.method == "PUT") return put(request, std::move(body), body_size);
    if (request.method == "DELETE") return remove(request);
    return get(request);
  }

 private:
  static Reply plain(int status, std::string_view headers = {}) {
    return {fmt::format("HTTP/1.1 {} X\r\nContent-Length: 0\r\n{}\r\n", status, headers)};
  }
  static Reply xml(std::string_view body) {
    return {fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                        body)};
  }
  static Reply text(std::string_view body) {
    return {fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body)};
  }
  static Reply missing(bool head) {
    constexpr std::string_view body = "<Error><Code>NoSuchKey</Code><Message>No such key</Message></Error>";
    return {fmt::format("HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{}",
                        body.size(), head ? "" : body)};
  }

  std::string next_etag() { return fmt::format("\"{:032x}\"", ++etags_); }

  Reply put(const Request& request, std::string body, std::uint64_t size) {
    if (const auto upload = uploads_.find(std::string(request.parameter("uploadId"))); upload != uploads_.end()) {
      upload->second.sizes[static_cast<int>(number(request.parameter("partNumber")))] = size;
      return plain(200, fmt::format("ETag: {}\r\n", next_etag()));
    }
    if (!request.header("x-amz-copy-source").empty()) return copy(request);
    Object& object = objects_[request.path];
    object.size = size;
    object.body = body.size() == size ? std::move(body) : "";
    object.etag = next_etag();
    object.type = request.header("content-type");
    return plain(200, fmt::format("ETag: {}\r\n", object.etag));
  }

  Reply copy(const Request& request) {
    auto source = orlop::wire::decode_percent(request.header("x-amz-copy-source")).value_or("");
    if (!source.starts_with('/')) source.insert(0, "/");
    const auto found = objects_.find(source);
    if (found == objects_.end()) return missing(false);
    const Object copied = found->second;
    objects_[request.path] = copied;
    return xml(fmt::format("<CopyObjectResult><ETag>{}</ETag><LastModified>{}</LastModified></CopyObjectResult>",
                           copied.etag, iso_date));
  }

  Reply get(const Request& request) {
    const bool head = request.method == "HEAD";
    const auto found = objects_.find(request.path);
    if (found == objects_.end()) return missing(head);
    const Object& object = found->second;
    std::uint64_t begin = 0;
    std::uint64_t end = object.size;
    std::string range;
    if (auto asked = request.header("range"); asked.starts_with("bytes=")) {
      asked.remove_prefix(6);
      const auto dash = asked.find('-');
      const auto first = asked.substr(0, dash);
      const auto last = asked.substr(dash + 1);
      begin = first.empty() ? end - std::min(end, number(last)) : number(first);
      if (begin >= end) return plain(416);
      if (!first.empty() && !last.empty()) end = std::min(end, number(last) + 1);
      range = fmt::format("Content-Range: bytes {}-{}/{}\r\n", begin, end - 1, object.size);
    }
    Reply reply{
        fmt::format("HTTP/1.1 {} X\r\nDate: {}\r\nContent-Length: {}\r\nContent-Type: {}\r\nETag: {}\r\n"
                    "Last-Modified: {}\r\nAccept-Ranges: bytes\r\n{}\r\n",
                    range.empty() ? 200 : 206, date, end - begin,
                    object.type.empty() ? "binary/octet-stream" : object.type, object.etag, date, range)};
    if (head) return reply;
    if (object.size > 0 && object.body.empty()) {
      reply.offset = begin;
      reply.length = end - begin;
    } else {
      reply.text.append(object.body, begin, end - begin);
    }
    return reply;
  }

  Reply remove(const Request& request) {
    if (request.asks("uploadId"))
      uploads_.erase(std::string(request.parameter("uploadId")));
    else
      objects_.erase(request.path);
    return {"HTTP/1.1 204 No Content\r\n\r\n"};
  }

  Reply post(const Request& request, std::string_view body) {
    if (request.asks("uploads")) {
      const std::string id = fmt::format("upload{}", ++upload_ids_);
      uploads_[id] = {request.path, std::string(request.header("content-type")), {}};
      return xml(fmt::format(
          "<InitiateMultipartUploadResult><Bucket>{}</Bucket><UploadId>{}</UploadId></InitiateMultipartUploadResult>",
          request.bucket(), id));
    }
    if (request.asks("delete")) return remove_all(request, body);
    const auto upload = uploads_.find(std::string(request.parameter("uploadId")));
    if (upload == uploads_.end()) return missing(false);
    Object& object = objects_[upload->second.path];
    object = {0, "", next_etag(), upload->second.type};
    for (const auto& [part, size] : upload->second.sizes) object.size += size;
    uploads_.erase(upload);
    return xml(
        fmt::format("<CompleteMultipartUploadResult><ETag>{}</ETag></CompleteMultipartUploadResult>", object.etag));
  }

  Reply remove_all(const Request& request, std::string_view body) {
    const bool quiet = body.find("<Quiet>true") != std::string_view::npos;
    std::string out = "<DeleteResult>";
    for (auto at = body.find("<Key>"); at != std::string_view::npos; at = body.find("<Key>", at)) {
      at += 5;
      const auto key = body.substr(at, body.find("</Key>", at) - at);
      objects_.erase("/" + request.bucket() + "/" + std::string(key));
      if (!quiet) out.append("<Deleted><Key>").append(key).append("</Key></Deleted>");
    }
    return xml(out + "</DeleteResult>");
  }

  Reply list(const Request& request) {
    if (request.asks("location")) return xml("<LocationConstraint/>");
    const std::string root = "/" + request.bucket() + "/";
    const std::string prefix = root + std::string(request.parameter("prefix"));
    const std::string_view delimiter = request.parameter("delimiter");
    const std::size_t most = request.asks("max-keys") ? number(request.parameter("max-keys")) : 1000;
    const auto after = std::max(request.parameter("start-after"), request.parameter("continuation-token"));
    auto object = after.empty() ? objects_.lower_bound(prefix) : objects_.upper_bound(root + std::string(after));
    std::string out = fmt::format("<?xml version=\"1.0\"?><ListBucketResult><Name>{}</Name><Prefix>{}</Prefix>",
                                  request.bucket(), escaped(request.parameter("prefix")));
    const bool encode = request.parameter("encoding-type") == "url";
    if (encode) out += "<EncodingType>url</EncodingType>";
    const auto spelled = [encode](std::string_view key) {
      return encode ? orlop::wire::encode_path(key) : escaped(key);
    };
    std::string last;
    std::string group;
    std::size_t count = 0;
    for (; object != objects_.end() && object->first.starts_with(prefix) && count < most; ++object) {
      const std::string_view path = object->first;
      last = path.substr(root.size());
      const auto cut = delimiter.empty() ? std::string_view::npos : path.find(delimiter, prefix.size());
      if (cut == std::string_view::npos) {
        out += fmt::format(
            "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>",
            spelled(last), iso_date, object->second.etag, object->second.size);
        ++count;
      } else if (group != path.substr(0, cut + delimiter.size())) {
        group = path.substr(0, cut + delimiter.size());
        out += fmt::format("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", spelled(group.substr(root.size())));
        ++count;
      }
    }
    const bool more = object != objects_.end() && object->first.starts_with(prefix);
    out += fmt::format("<KeyCount>{}</KeyCount><MaxKeys>{}</MaxKeys><IsTruncated>{}</IsTruncated>", count, most, more);
    if (more) out += fmt::format("<NextContinuationToken>{}</NextContinuationToken>", escaped(last));
    return xml(out + "</ListBucketResult>");
  }

  std::map<std::string, Object> objects_;
  std::unordered_map<std::string, Upload> uploads_;
  std::uint64_t etags_ = 0;
  std::uint64_t upload_ids_ = 0;
  std::uint64_t requests_ = 0;
};

// Decodes the query of a request target.
void parse_query(std::string_view text, Request& request) {
  while (!text.empty()) {
    const auto piece = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    const auto equals = piece.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
    request.query[orlop::wire::decode_form(piece.substr(0, equals)).value_or("")] =
        orlop::wire::decode_form(value).value_or("");
  }
}

Request parse(std::string_view head) {
  Request request;
  const auto line_end = head.find("\r\n");
  const auto line = head.substr(0, line_end);
  const auto space = line.find(' ');
  request.method = line.substr(0, space);
  const auto target = line.substr(space + 1, line.rfind(' ') - space - 1);
  const auto question = target.find('?');
  request.path = orlop::wire::decode_percent(target.substr(0, question)).value_or("/");
  if (question != std::string_view::npos) parse_query(target.substr(question + 1), request);
  head.remove_prefix(line_end + 2);
  while (!head.starts_with("\r\n") && !head.empty()) {
    const auto field = head.substr(0, head.find("\r\n"));
    const auto colon = field.find(':');
    std::string name(field.substr(0, colon));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    auto value = field.substr(std::min(field.size(), colon + 1));
    value.remove_prefix(std::min(value.size(), value.find_first_not_of(' ')));
    request.headers[std::move(name)] = value;
    head.remove_prefix(field.size() + 2);
  }
  return request;
}

class Connection {
 public:
  Connection(int fd, Store& store, int pattern) : fd_(fd), store_(store), pattern_(pattern) {}
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // False when the client is gone.
  bool on_ready() {
    while (true) {
      if (!flush()) return false;
      if (wants_to_write()) return true;
      if (request_ && body_left_ == 0) {
        finish_request();
        continue;
      }
      if (!request_ && take_head()) continue;
      const int got = receive();
      if (got <= 0) return got == 0;
    }
  }

  bool wants_to_write() const { return !out_.empty() || out_length_ > 0; }

 private:
  // 1: something came; 0: nothing for now; -1: the end.
  int receive() {
    static std::vector<char> scratch(1 << 20);
    const bool discard = request_ && body_size_ > most_kept;
    const std::size_t room = discard ? std::min<std::uint64_t>(scratch.size(), body_left_) : std::size_t{64 * 1024};
    const auto got = ::recv(fd_, scratch.data(), room, 0);
    if (got == 0) return -1;
    if (got < 0) return errno == EAGAIN ? 0 : -1;
    if (request_)
      take_body({scratch.data(), static_cast<std::size_t>(got)});
    else
      in_.append(scratch.data(), static_cast<std::size_t>(got));
    return 1;
  }

  bool take_head() {
    const auto end = in_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    request_ = parse(std::string_view(in_).substr(0, end + 4));
    in_.erase(0, end + 4);
    body_.clear();
    body_left_ = body_size_ = number(request_->header("content-length"));
    if (request_->header("expect") == "100-continue") out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    std::string rest = std::exchange(in_, {});
    take_body(rest);
    return true;
  }

  // Pipelined bytes behind a body are kept for the next head.
  void take_body(std::string_view bytes) {
    const auto mine = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), body_left_)));
    if (body_size_ <= most_kept) body_.append(mine);
    body_left_ -= mine.size();
    in_.append(bytes.substr(mine.size()));
  }

  void finish_request() {
    Reply reply = store_.answer(*request_, std::move(body_), body_size_);
    out_ += reply.text;
    out_offset_ = reply.offset;
    out_length_ = reply.length;
    request_.reset();
  }

  bool flush() {
    while (!out_.empty()) {
      const auto sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL | (out_length_ > 0 ? MSG_MORE : 0));
      if (sent < 0) return errno == EAGAIN;
      out_.erase(0, static_cast<std::size_t>(sent));
    }
    while (out_length_ > 0) {
      off_t at = static_cast<off_t>(out_offset_ % pattern_size);
      const auto piece = std::min<std::uint64_t>(out_length_, pattern_size - static_cast<std::uint64_t>(at));
      const auto sent = ::sendfile(fd_, pattern_, &at, piece);
      if (sent < 0) return errno == EAGAIN;
      out_offset_ += static_cast<std::uint64_t>(sent);
      out_length_ -= static_cast<std::uint64_t>(sent);
    }
    return true;
  }

  const int fd_;
  Store& store_;
  const int pattern_;
  std::string in_;
  std::optional<Request> request_;
  std::string body_;
  std::uint64_t body_size_ = 0;
  std::uint64_t body_left_ = 0;
  std::string out_;
  std::uint64_t out_offset_ = 0;
  std::uint64_t out_length_ = 0;
};

int make_pattern() {
  const int fd = memfd_create("pattern", MFD_CLOEXEC);
  std::string block(pattern_size, '\0');
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>(i * 2654435761U >> 24);
  if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size())) std::abort();
  return fd;
}

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 1024) != 0) {
    std::perror("null_server");
    std::exit(1);
  }
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("AWS_ENDPOINT_URL=http://127.0.0.1:%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

void watch(int epoll, int operation, int fd, void* who, bool write) {
  epoll_event event{};
  event.events = EPOLLIN | (write ? EPOLLOUT : 0U);
  event.data.ptr = who;
  ::epoll_ctl(epoll, operation, fd, &event);
}

[[noreturn]] void serve(int listener) {
  struct Client {
    int fd;
    Connection connection;
    bool writing = false;
  };
  Store store;
  const int pattern = make_pattern();
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, EPOLL_CTL_ADD, listener, nullptr, false);
  std::vector<epoll_event> events(256);
  while (true) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      auto* client = static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (!client) {
        const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        const int one = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (fd >= 0) watch(epoll, EPOLL_CTL_ADD, fd, new Client{fd, {fd, store, pattern}}, false);
      } else if (!client->connection.on_ready()) {
        delete client;  // closing removes it from the epoll
      } else if (client->writing != client->connection.wants_to_write()) {
        client->writing = !client->writing;
        watch(epoll, EPOLL_CTL_MOD, client->fd, client, client->writing);
      }
    }
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::uint16_t port = 0;
  for (int i = 1; i + 1 < count; ++i)
    if (std::string_view(arguments[i]) == "--port") port = static_cast<std::uint16_t>(std::atoi(arguments[i + 1]));
  serve(listen_on(port));
}
