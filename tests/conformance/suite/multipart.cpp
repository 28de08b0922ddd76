// The second interface: uploads in parts that others may send.
#include "subject.h"

namespace orlop::testing {
namespace {

struct Upload {
  Subject& subject;
  std::string key;
  std::string id;
  std::vector<Part> parts;

  Multipart& multipart() { return *subject.driver().multipart(); }
  bool begin(Attrs attrs = {}) {
    auto begun = multipart().begin(Subject::context(), {.key = key, .attrs = std::move(attrs)});
    EXPECT_TRUE(ok(begun));
    if (begun) id = *begun;
    return begun.has_value();
  }
  Result<Part> put(std::uint32_t index, std::string_view text) {
    return multipart().put_part(Subject::context(),
                                {.key = key, .upload_id = id, .index = index, .payload = Payload::text(text)});
  }
  Result<Meta> complete(std::vector<Part> sent) {
    return multipart().complete(Subject::context(),
                                {.key = key, .upload_id = id, .parts = std::move(sent), .mode = {}, .if_match = {}});
  }
  Result<void> abort() { return multipart().abort(Subject::context(), {.key = key, .upload_id = id}); }
  Result<std::vector<Part>> list() { return multipart().list_parts(Subject::context(), {.key = key, .upload_id = id}); }
};

// Without the capability there is no interface: the whole promise.
bool claimed(Subject& subject) {
  EXPECT_EQ(subject.driver().multipart() != nullptr, subject.can(Cap::multipart));
  return subject.can(Cap::multipart) && subject.driver().multipart();
}

std::size_t part_size(Subject& subject) {
  return static_cast<std::size_t>(std::max<std::uint64_t>(subject.driver().info().limits.part_min, 1'000));
}

void publishes_on_complete(Subject& subject) {
  if (!claimed(subject)) return;
  Upload upload{subject, subject.key("object"), {}, {}};
  Attrs attrs;
  attrs.content_type = "text/x-parts";
  ASSERT_TRUE(upload.begin(attrs));
  std::string first = random_text(part_size(subject), 1);
  std::string second = random_text(part_size(subject), 2);
  auto two = upload.put(2, second);  // in any order
  auto one = upload.put(1, first);
  auto three = upload.put(3, "end");
  ASSERT_TRUE(ok(one));
  ASSERT_TRUE(ok(two));
  ASSERT_TRUE(ok(three));
  EXPECT_EQ(one->index, 1U);
  EXPECT_EQ(one->size, first.size());
  EXPECT_FALSE(subject.exists(upload.key)) << "visible before complete()";
  EXPECT_TRUE(subject.keys_below(upload.key).empty());
  auto meta = upload.complete({*one, *two, *three});
  ASSERT_TRUE(ok(meta));
  EXPECT_EQ(meta->size, first.size() + second.size() + 3);
  EXPECT_TRUE(subject.get(upload.key).value_or("?") == first + second + "end");
  if (subject.can(Cap::content_type)) EXPECT_EQ(subject.stat(upload.key)->attrs.content_type, "text/x-parts");
}

void lists_parts(Subject& subject) {
  if (!claimed(subject)) return;
  Upload upload{subject, subject.key("object"), {}, {}};
  ASSERT_TRUE(upload.begin());
  std::string text = random_text(part_size(subject));
  ASSERT_TRUE(ok(upload.put(7, text)));
  ASSERT_TRUE(ok(upload.put(3, text)));
  auto parts = upload.list();
  ASSERT_TRUE(ok(parts));
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].index, 3U);
  EXPECT_EQ((*parts)[1].index, 7U);
  EXPECT_EQ((*parts)[1].size, text.size());
  // What was listed is enough to go on with: that is how an upload is resumed.
  ASSERT_TRUE(ok(upload.complete(*parts)));
  EXPECT_TRUE(subject.get(upload.key).value_or("?") == text + text);
}

void lists_an_upload_without_parts(Subject& subject) {
  if (!claimed(subject)) return;
  Upload upload{subject, subject.key("object"), {}, {}};
  ASSERT_TRUE(upload.begin());
  auto parts = upload.list();
  if (const Deviation* deviation = subject.deviation("multipart.lists_an_upload_without_parts")) {
    EXPECT_TRUE(fails(parts, Code::not_found)) << "works now; take this deviation off the list: " << deviation->reason;
  } else {
    EXPECT_TRUE(ok(parts) && parts->empty());
  }
  EXPECT_TRUE(ok(upload.abort()));
}

void a_repeated_part_replaces(Subject& subject) {
  if (!claimed(subject)) return;
  Upload upload{subject, subject.key("object"), {}, {}};
  ASSERT_TRUE(upload.begin());
  ASSERT_TRUE(ok(upload.put(1, "wrong")));
  auto part = upload.put(1, "right");
  ASSERT_TRUE(ok(part));
  ASSERT_TRUE(ok(upload.complete({*part})));
  EXPECT_EQ(subject.get(upload.key).value_or("?"), "right");
}

void aborts(Subject& subject) {
  if (!claimed(subject)) return;
  Upload upload{subject, subject.key("object"), {}, {}};
  ASSERT_TRUE(ok(subject.put(upload.key, "old")));
  ASSERT_TRUE(upload.begin());
  auto part = upload.put(1, "new");
  ASSERT_TRUE(ok(part));
  EXPECT_TRUE(ok(upload.abort()));
  EXPECT_TRUE(ok(upload.abort())) << "an unknown upload is success";
  EXPECT_TRUE(fails(upload.list(), Code::not_found));
  EXPECT_FALSE(upload.complete({*part}));
  EXPECT_EQ(subject.get(upload.key).value_or("?"), "old");
}

void uploads_do_not_mix(Subject& subject) {
  if (!claimed(subject)) return;
  Upload first{subject, subject.key("object"), {}, {}};
  Upload second{subject, subject.key("object"), {}, {}};
  ASSERT_TRUE(first.begin());
  ASSERT_TRUE(second.begin());
  EXPECT_NE(first.id, second.id);
  auto one = first.put(1, "first");
  auto two = second.put(1, "second");
  ASSERT_TRUE(ok(one));
  ASSERT_TRUE(ok(two));
  ASSERT_TRUE(ok(first.complete({*one})));
  EXPECT_EQ(subject.get(first.key).value_or("?"), "first");
  ASSERT_TRUE(ok(second.complete({*two})));
  EXPECT_EQ(subject.get(first.key).value_or("?"), "second");
}

constexpr Case cases[] = {
    {"publishes_on_complete", publishes_on_complete},
    {"lists_parts", lists_parts},
    {"lists_an_upload_without_parts", lists_an_upload_without_parts},
    {"a_repeated_part_replaces", a_repeated_part_replaces},
    {"aborts", aborts},
    {"uploads_do_not_mix", uploads_do_not_mix},
};

}  // namespace

std::span<const Case> multipart_cases() { return cases; }

}  // namespace orlop::testing
