// One page of a listing out of keys that come in byte order, for stores that are no service.
#pragma once

#include <string>

#include "orlop/driver/driver.h"

namespace orlop::engine {

// Used as
//   ORLOP_ASSIGN(auto page, PageBuilder::open(request));
//   while (<the first object whose key is not less than page.position()> && page.offer(entry)) {}
//   return page.take();
// The token of a page is the position of the next one, so that nothing needs to be remembered between them.
class PageBuilder {
 public:
  // Errors: invalid_argument for a token that is not one.
  static Result<PageBuilder> open(const ListRequest& request);

  const std::string& position() const noexcept { return position_; }
  // Adds the entry or its group. False: the page is complete, the entry was not taken.
  bool offer(Entry entry);
  Page take() noexcept { return std::move(page_); }

 private:
  explicit PageBuilder(const ListRequest& request) : request_(request) {}
  // The length of the group that `key` belongs to, 0 for none.
  std::size_t group_length(std::string_view key) const noexcept;
  // Moves the position behind everything that begins with `group`.
  void skip_group(std::string group);

  const ListRequest& request_;
  Page page_;
  std::string position_;
  bool exhausted_ = false;  // no key can be at or behind the position
};

}  // namespace orlop::engine
