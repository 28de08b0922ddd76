#include "backends/s3/listing.h"

#include <algorithm>
#include <charconv>

#include "backends/s3/wire.h"

namespace orlop::s3 {
namespace {

constexpr std::size_t listing_limit = 32 << 20;  // 1000 keys of 1024 bytes, each byte as "%XX", and their attributes
constexpr std::uint32_t page_max = 1000;

// Where a listing goes on. As text: kind, the length of `last`, ':', last, value.
struct Position {
  char kind = 0;      // 'c': a continuation token, 's': after the key `last`; 0: the beginning
  std::string last;   // the last key or group of the pages so far
  std::string value;  // the token

  std::string to_text() const { return kind + std::to_string(last.size()) + ':' + last + value; }

  static Result<Position> parse(std::string_view text) {
    Position position;
    if (text.empty()) return position;
    std::size_t length = 0, colon = text.find(':');
    auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), length);
    bool whole = error == std::errc{} && colon != std::string_view::npos && end == text.data() + colon &&
                 length <= text.size() - colon - 1;
    if (!whole || (text[0] != 'c' && text[0] != 's')) {
      return Error(Code::invalid_argument, "the token is not one of a listing");
    }
    position.kind = text[0];
    position.last = text.substr(colon + 1, length);
    position.value = text.substr(colon + 1 + length);
    return position;
  }
};

Request list_request(const Client& client, const ListRequest& request, const Position& position) {
  const bool v2 = client.dialect().list_v2;
  Request get{.operation = v2 ? "ListObjectsV2" : "ListObjects", .method = "GET", .key = {}};
  auto& query = get.query;
  std::uint32_t size = request.page_size == 0 ? page_max : std::min(request.page_size, page_max);
  if (v2) query.emplace_back("list-type", "2");
  if (client.dialect().list_encoded) query.emplace_back("encoding-type", "url");
  query.emplace_back("max-keys", std::to_string(size));
  query.emplace_back("prefix", request.prefix);
  if (!request.delimiter.empty()) query.emplace_back("delimiter", request.delimiter);
  const std::string& after = position.kind == 's' ? position.last : request.start_after;
  if (position.kind == 'c') {
    query.emplace_back(v2 ? "continuation-token" : "marker", position.value);
  } else if (!after.empty()) {
    query.emplace_back(v2 ? "start-after" : "marker", after);
  }
  return get;
}

// A listing must move on, or it would never end.
Result<void> check_progress(const ListReply& reply, const Position& before, bool sorted) {
  if (before.kind == 0 || reply.entries.empty()) return {};
  const std::string& last = reply.entries.back().key;
  bool stands = sorted ? last <= before.last : last == before.last;
  if (stands && !before.last.empty()) return wrong_answer(200, "the listing does not move on");
  return {};
}

// IsTruncated without a token goes on behind the last key.
Result<Position> next_position(const ListReply& reply, const Position& before, bool v2) {
  Position next;
  next.last = reply.entries.empty() ? before.last : reply.entries.back().key;
  next.value = v2 ? reply.token : reply.marker;
  next.kind = next.value.empty() ? 's' : 'c';
  bool repeated =
      next.kind == before.kind && next.value == before.value && (next.kind == 'c' || next.last == before.last);
  if (repeated || (next.kind == 's' && next.last.empty())) {
    return wrong_answer(200, "the listing says there is more, but not where");
  }
  return next;
}

}  // namespace

Result<Page> list_page(Client& client, const Context& context, const ListRequest& request) {
  ORLOP_ASSIGN(Position position, Position::parse(request.token));
  ORLOP_ASSIGN(Reply answer, client.exchange(context, list_request(client, request, position), listing_limit));
  auto parsed = parse_list(answer.body);
  if (!parsed) return std::move(parsed.error().set_outcome_unknown(false));
  ListReply reply = *std::move(parsed);
  for (const Entry& entry : reply.entries) {
    if (!entry.key.starts_with(request.prefix)) return wrong_answer(200, "the listing holds keys without the prefix");
  }
  bool sorted = !client.dialect().lowered.has(Cap::list_sorted);
  if (sorted) {
    // Objects and groups come separately, each in order.
    std::ranges::sort(reply.entries, {}, &Entry::key);
  }
  ORLOP_TRY(check_progress(reply, position, sorted));
  Page page;
  if (reply.truncated) {
    ORLOP_ASSIGN(Position next, next_position(reply, position, client.dialect().list_v2));
    page.next = next.to_text();
  }
  page.entries = std::move(reply.entries);
  return page;
}

}  // namespace orlop::s3
