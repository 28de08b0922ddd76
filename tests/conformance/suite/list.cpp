// Listings: complete, in order where claimed, the same whatever the size of the pages.
#include <algorithm>

#include "subject.h"

namespace orlop::testing {
namespace {

using Names = std::vector<std::string>;

const Names sample = {"a",   "a!",  "a-b", "a.txt", "a/b", "a/c/d",      "a/c/e",        "a0",
                      "b/1", "b/2", "c",   "d e",   "d+e", "\xC3\xA9/x", "\xEF\xBD\x9E", "\xF0\x9F\x98\x80"};

// Without "a", which some stores cannot keep beside "a/b".
Names put_sample(Subject& subject) {
  Names keys;
  bool beside = subject.deviation("key.keeps_a_name_beside_names_below_it") == nullptr;
  for (const std::string& name : sample) {
    if (name == "a" && !beside) continue;
    keys.push_back(subject.key(name));
    EXPECT_TRUE(ok(subject.put(keys.back(), name)));
  }
  return keys;
}

ListRequest request(std::string prefix, std::string delimiter = {}, std::uint32_t page_size = 0) {
  return {.prefix = std::move(prefix),
          .delimiter = std::move(delimiter),
          .token = {},
          .start_after = {},
          .page_size = page_size};
}

// In order where that is claimed, else as a set.
void expect_listed(Subject& subject, const ListRequest& asked, Names expected) {
  auto names = subject.list(asked);
  ASSERT_TRUE(ok(names));
  auto bare = [](const std::string& name) { return name.front() == '<' ? name.substr(1, name.size() - 2) : name; };
  auto by_key = [&](const std::string& x, const std::string& y) { return bare(x) < bare(y); };
  std::sort(expected.begin(), expected.end(), by_key);
  if (!subject.can(Cap::list_sorted)) std::sort(names->begin(), names->end(), by_key);
  EXPECT_EQ(*names, expected);
}

void everything(Subject& subject) {
  Names keys = put_sample(subject);
  expect_listed(subject, request(subject.key("")), keys);
}

void prefixes_are_bytes(Subject& subject) {
  put_sample(subject);
  auto at = [&](std::string_view name) { return subject.key(name); };
  expect_listed(subject, request(at("b")), {at("b/1"), at("b/2")});
  expect_listed(subject, request(at("b/")), {at("b/1"), at("b/2")});
  expect_listed(subject, request(at("a/c")), {at("a/c/d"), at("a/c/e")});
  expect_listed(subject, request(at("a.t")), {at("a.txt")});
  expect_listed(subject, request(at("d")), {at("d e"), at("d+e")});
  expect_listed(subject, request(at("a.txt")), {at("a.txt")});
  expect_listed(subject, request(at("nothing")), {});
  expect_listed(subject, request(at("a.txt/")), {});
}

void groups(Subject& subject) {
  Names keys = put_sample(subject);
  auto at = [&](std::string_view name) { return subject.key(name); };
  auto group = [&](std::string_view name) { return "<" + subject.key(name) + ">"; };
  Names top;
  for (const std::string& key : keys)
    if (key.find('/', subject.key("").size()) == std::string::npos) top.push_back(key);
  for (std::string_view name : {"a/", "b/", "\xC3\xA9/"}) top.push_back(group(name));
  expect_listed(subject, request(at(""), "/"), top);
  expect_listed(subject, request(at("a/"), "/"), {at("a/b"), group("a/c/")});
  expect_listed(subject, request(at("a/c"), "/"), {group("a/c/")});
  expect_listed(subject, request(at("b"), "/"), {group("b/")});
  expect_listed(subject, request(at("a/c/"), "/"), {at("a/c/d"), at("a/c/e")});
}

void groups_by_other_delimiters(Subject& subject) {
  for (std::string_view name : {"x-1", "x-2", "xy-3", "z"}) ASSERT_TRUE(ok(subject.put(subject.key(name), name)));
  auto names = subject.list(request(subject.key(""), "-"));
  if (subject.deviation("list.groups_by_other_delimiters")) {
    EXPECT_FALSE(names && names->size() == 3) << "works now; take this deviation off the list";
    return;
  }
  expect_listed(subject, request(subject.key(""), "-"),
                {"<" + subject.key("x-") + ">", "<" + subject.key("xy-") + ">", subject.key("z")});
}

void pages_of_any_size(Subject& subject) {
  Names keys = put_sample(subject);
  for (std::uint32_t size : {1U, 2U, 3U, 7U, 100U}) {
    expect_listed(subject, request(subject.key(""), "", size), keys);
    auto grouped = subject.list(request(subject.key(""), "/", size));
    auto whole = subject.list(request(subject.key(""), "/"));
    ASSERT_TRUE(ok(grouped));
    ASSERT_TRUE(ok(whole));
    if (!subject.can(Cap::list_sorted)) {
      std::sort(grouped->begin(), grouped->end());
      std::sort(whole->begin(), whole->end());
    }
    EXPECT_EQ(*grouped, *whole) << "pages of " << size;
  }
  auto page = subject.driver().list(Subject::context(), request(subject.key(""), "", 2));
  ASSERT_TRUE(ok(page));
  EXPECT_LE(page->entries.size(), 2U);
  EXPECT_FALSE(page->next.empty());
}

// A page needs nothing but its token.
void tokens_stand_alone(Subject& subject) {
  put_sample(subject);
  ListRequest asked = request(subject.key(""), "", 3);
  auto first = subject.driver().list(Subject::context(), asked);
  ASSERT_TRUE(ok(first));
  asked.token = first->next;
  auto second = subject.driver().list(Subject::context(), asked);
  auto again = subject.driver().list(Subject::context(), asked);
  ASSERT_TRUE(ok(second));
  ASSERT_TRUE(ok(again));
  ASSERT_EQ(second->entries.size(), again->entries.size());
  for (std::size_t i = 0; i < second->entries.size(); ++i) EXPECT_EQ(second->entries[i].key, again->entries[i].key);
}

void starts_after(Subject& subject) {
  Names keys = put_sample(subject);
  ListRequest asked = request(subject.key(""));
  asked.start_after = subject.key("a/c/d");
  if (!subject.can(Cap::start_after)) {
    EXPECT_TRUE(fails(subject.list(asked), Code::unsupported));
    return;
  }
  for (std::string_view after : {"a/c/d", "a/b/between", "", "c", "\xF0\x9F\x98\x80"}) {
    asked.start_after = subject.key(after);
    Names behind;
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(behind),
                 [&](const std::string& key) { return key > asked.start_after; });
    if (subject.can(Cap::list_sorted))
      expect_listed(subject, asked, behind);
    else
      EXPECT_TRUE(ok(subject.list(asked)));
  }
}

void tells_facts(Subject& subject) {
  std::string key = subject.key("object");
  ASSERT_TRUE(ok(subject.put(key, "facts")));
  auto page = subject.driver().list(Subject::context(), request(key));
  ASSERT_TRUE(ok(page));
  ASSERT_EQ(page->entries.size(), 1U);
  auto meta = subject.stat(key);
  ASSERT_TRUE(ok(meta));
  EXPECT_EQ(page->entries[0].size, 5U);
  if (!page->entries[0].etag.empty()) EXPECT_EQ(page->entries[0].etag, meta->etag);
  if (page->entries[0].modified && meta->modified)
    EXPECT_LE(std::chrono::abs(*page->entries[0].modified - *meta->modified), std::chrono::seconds(1));
}

void rejects_foreign_tokens(Subject& subject) {
  ASSERT_TRUE(ok(subject.put(subject.key("object"), "x")));
  ListRequest asked = request(subject.key(""));
  asked.token = "!this is no token!";
  auto page = subject.driver().list(Subject::context(), asked);
  if (const Deviation* deviation = subject.deviation("list.rejects_foreign_tokens"))
    EXPECT_TRUE(ok(page)) << "rejected now; take this deviation off the list: " << deviation->reason;
  else
    EXPECT_TRUE(fails(page, Code::invalid_argument));
}

void more_than_a_page(Subject& subject) {
  constexpr int count = 1'100;
  for (int i = 0; i < count; ++i) ASSERT_TRUE(ok(subject.put(subject.key("n" + std::to_string(10'000 + i)), "")));
  Names names = subject.keys_below(subject.key(""));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end()) << "listed twice";
}

void shows_what_was_written_and_not_what_was_removed(Subject& subject) {
  std::string key = subject.key("object");
  EXPECT_TRUE(subject.keys_below(key).empty());
  ASSERT_TRUE(ok(subject.put(key, "x")));
  EXPECT_EQ(subject.keys_below(key), Names{key});
  ASSERT_TRUE(ok(subject.remove(key)));
  EXPECT_TRUE(subject.keys_below(key).empty());
}

constexpr Case cases[] = {
    {"everything", everything},
    {"prefixes_are_bytes", prefixes_are_bytes},
    {"groups", groups},
    {"groups_by_other_delimiters", groups_by_other_delimiters},
    {"pages_of_any_size", pages_of_any_size},
    {"tokens_stand_alone", tokens_stand_alone},
    {"starts_after", starts_after},
    {"tells_facts", tells_facts},
    {"rejects_foreign_tokens", rejects_foreign_tokens},
    {"more_than_a_page", more_than_a_page},
    {"shows_what_was_written_and_not_what_was_removed", shows_what_was_written_and_not_what_was_removed},
};

}  // namespace

std::span<const Case> list_cases() { return cases; }

}  // namespace orlop::testing
