// Tests every sentence of store.hpp with every implementation.
#include <algorithm>
#include <boost/asio/post.hpp>

#include "cloud/errors.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

std::string text(store::Revision revision) { return std::to_string(revision.value); }

template <class... Each>
std::vector<store::Change> changes(Each... each) {
  std::vector<store::Change> all;
  (all.emplace_back(std::move(each)), ...);
  return all;
}

TEST_P(StoreContract, AKeyIsAbsentBeforeItIsPut) { EXPECT_EQ(get("nobody"), std::nullopt); }

TEST_P(StoreContract, ReadsThePutValue) {
  const store::Revision revision = put("k", "v");
  const auto entry = get("k");
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->key, "k");
  EXPECT_EQ(entry->value, "v");
  EXPECT_EQ(entry->created, revision);
  EXPECT_EQ(entry->modified, revision);
  EXPECT_NE(revision, store::Revision{});
}

TEST_P(StoreContract, APutOverAnotherKeepsTheRevisionOfTheFirst) {
  const store::Revision first = put("k", "1");
  const store::Revision second = put("k", "2");
  const auto entry = get("k");
  EXPECT_GT(second, first);
  EXPECT_EQ(entry->value, "2");
  EXPECT_EQ(entry->created, first);
  EXPECT_EQ(entry->modified, second);
}

TEST_P(StoreContract, ARecreatedKeyHasANewCreationRevision) {
  const store::Revision first = put("k", "1");
  ASSERT_TRUE(wait(store_->erase("k")));
  EXPECT_EQ(get("k"), std::nullopt);
  const store::Revision second = put("k", "2");
  EXPECT_GT(second, first);
  EXPECT_EQ(get("k")->created, second);
}

TEST_P(StoreContract, KeysAndValuesMayBeAnyBytes) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  put(all, all + all);
  put("empty", "");
  EXPECT_EQ(get(all)->value, all + all);
  EXPECT_EQ(get("empty")->value, "");
  EXPECT_EQ(get(all.substr(0, 255)), std::nullopt);
}

TEST_P(StoreContract, AbsentSucceedsOnlyOnce) {
  const store::Revision first = put("k", "1", store::Absent{});
  EXPECT_EQ(wait(store_->put("k", "2", store::Absent{})), refuse(errc::store_conflict));
  EXPECT_EQ(get("k")->modified, first);
  ASSERT_TRUE(wait(store_->erase("k")));
  EXPECT_TRUE(wait(store_->put("k", "3", store::Absent{})));
}

TEST_P(StoreContract, UnchangedSucceedsOnlyForTheNamedRevision) {
  const store::Revision first = put("k", "1");
  const store::Revision second = put("k", "2", store::Unchanged{first});
  EXPECT_EQ(wait(store_->put("k", "3", store::Unchanged{first})), refuse(errc::store_conflict));
  EXPECT_EQ(get("k")->value, "2");
  EXPECT_TRUE(wait(store_->put("k", "4", store::Unchanged{second})));
}

TEST_P(StoreContract, UnchangedIsNotMetByAnAbsentKey) {
  EXPECT_EQ(wait(store_->put("k", "1", store::Unchanged{store::Revision{1}})), refuse(errc::store_conflict));
  const store::Revision revision = put("other", "1");
  EXPECT_EQ(wait(store_->put("k", "1", store::Unchanged{revision})), refuse(errc::store_conflict));
  EXPECT_EQ(get("k"), std::nullopt);
}

TEST_P(StoreContract, UnchangedIsNotMetByTheSameValueWrittenAgain) {
  const store::Revision first = put("k", "same");
  put("k", "same");
  EXPECT_EQ(wait(store_->put("k", "new", store::Unchanged{first})), refuse(errc::store_conflict));
}

TEST_P(StoreContract, ErasingAnAbsentKeySucceedsUnlessUnchangedIsExpected) {
  EXPECT_TRUE(wait(store_->erase("k")));
  EXPECT_TRUE(wait(store_->erase("k", store::Absent{})));
  EXPECT_EQ(wait(store_->erase("k", store::Unchanged{store::Revision{1}})), refuse(errc::store_conflict));
}

TEST_P(StoreContract, EraseChecksItsExpectation) {
  const store::Revision first = put("k", "1");
  const store::Revision second = put("k", "2");
  EXPECT_EQ(wait(store_->erase("k", store::Unchanged{first})), refuse(errc::store_conflict));
  EXPECT_EQ(wait(store_->erase("k", store::Absent{})), refuse(errc::store_conflict));
  EXPECT_TRUE(get("k"));
  const auto erased = wait(store_->erase("k", store::Unchanged{second}));
  ASSERT_TRUE(erased);
  EXPECT_GT(*erased, second);
  EXPECT_EQ(get("k"), std::nullopt);
}

TEST_P(StoreContract, ChecksGuardACommitAndChangeNothing) {
  const store::Revision guard = put("guard", "1");
  EXPECT_TRUE(wait(store_->commit(changes(store::Check{"guard", store::Unchanged{guard}}, store::Put{"k", "1"}))));
  EXPECT_EQ(get("guard")->modified, guard);
  EXPECT_EQ(wait(store_->commit(changes(store::Check{"guard", store::Absent{}}, store::Put{"k", "2"}))),
            refuse(errc::store_conflict));
  EXPECT_EQ(get("k")->value, "1");
}

TEST_P(StoreContract, ACommitOfChecksReturnsTheRevisionAndDoesNotRaiseIt) {
  const store::Revision revision = put("k", "1");
  EXPECT_EQ(wait(store_->commit(changes(store::Check{"k", store::Unchanged{revision}},
                                        store::Check{"n", store::Absent{}}, store::Check{"m"}))),
            revision);
  EXPECT_EQ(this->revision(), revision);
  EXPECT_EQ(wait(store_->commit(changes(store::Check{"k", store::Absent{}}))), refuse(errc::store_conflict));
}

TEST_P(StoreContract, AllChangesOfACommitGetOneRevision) {
  put("gone", "1");
  const auto revision = wait(store_->commit(changes(store::Put{"a", "1"}, store::Erase{"gone"}, store::Put{"b", "2"})));
  ASSERT_TRUE(revision);
  EXPECT_EQ(get("a")->modified, *revision);
  EXPECT_EQ(get("b")->modified, *revision);
  EXPECT_EQ(get("gone"), std::nullopt);
}

TEST_P(StoreContract, AConflictChangesNothing) {
  const store::Revision a = put("a", "1");
  const store::Revision b = put("b", "1");
  const auto refused =
      wait(store_->commit(changes(store::Put{"a", "2"}, store::Erase{"b"}, store::Put{"new", "1", store::Absent{}},
                                  store::Put{"c", "1", store::Unchanged{a}})));
  EXPECT_EQ(refused, refuse(errc::store_conflict));
  EXPECT_EQ(get("a")->modified, a);
  EXPECT_EQ(get("b")->modified, b);
  EXPECT_EQ(keys(""), (Words{"a", "b"}));
}

TEST_P(StoreContract, ACommitMayHaveAsManyChangesAsTheLimitAndNoMore) {
  std::vector<store::Change> many;
  for (std::size_t i = 0; i < store::kMaxCommitSize; ++i)
    many.emplace_back(store::Put{"k" + std::to_string(i), "v", store::Absent{}});
  EXPECT_TRUE(wait(store_->commit(many)));
  EXPECT_EQ(keys("").size(), store::kMaxCommitSize);
  for (std::size_t i = 0; i < store::kMaxCommitSize; ++i) many[i] = store::Erase{"k" + std::to_string(i)};
  many.emplace_back(store::Put{"one more", "v"});
  EXPECT_EQ(wait(store_->commit(many)), refuse(errc::store_too_large));
  EXPECT_EQ(keys("").size(), store::kMaxCommitSize);
}

TEST_P(StoreContract, KeysAndValuesOfTheLargestSizeAreStored) {
  const std::string key(store::kMaxKeySize, '\xff');
  const std::string value(store::kMaxValueSize, '\0');
  put(key, value);
  EXPECT_EQ(get(key)->value, value);
  EXPECT_EQ(keys(key), (Words{key}));
}

TEST_P(StoreContract, LargerKeysValuesAndCommitsAreRefused) {
  const std::string key(store::kMaxKeySize + 1, 'k');
  const std::string half(store::kMaxCommitBytes / 2, 'v');
  EXPECT_EQ(wait(store_->put(key, "v")), refuse(errc::store_too_large));
  EXPECT_EQ(wait(store_->erase(key)), refuse(errc::store_too_large));
  EXPECT_EQ(wait(store_->get(key)), refuse(errc::store_too_large));
  EXPECT_EQ(wait(store_->put("k", std::string(store::kMaxValueSize + 1, 'v'))), refuse(errc::store_too_large));
  EXPECT_EQ(wait(store_->commit(changes(store::Put{"a", half}, store::Put{"b", half}))), refuse(errc::store_too_large));
  EXPECT_EQ(keys(""), Words{});
}

TEST_P(StoreContract, RefusesInvalidArguments) {
  EXPECT_EQ(wait(store_->commit({})), refuse(Errc::invalid_argument));
  EXPECT_EQ(wait(store_->put("", "v")), refuse(Errc::invalid_argument));
  EXPECT_EQ(wait(store_->get("")), refuse(Errc::invalid_argument));
  EXPECT_EQ(wait(store_->commit(changes(store::Put{"k", "1"}, store::Erase{"k"}))), refuse(Errc::invalid_argument));
  const auto no_limit = wait(store_->list("", "", 0));
  ASSERT_FALSE(no_limit);
  EXPECT_EQ(no_limit.error(), Errc::invalid_argument);
}

TEST_P(StoreContract, AListIsInByteOrder) {
  for (const char* key : {"b", "\xff", "a/2", "a", "a/10", "\x01", "B"}) put(key, "v");
  EXPECT_EQ(keys(""), (Words{"\x01", "B", "a", "a/10", "a/2", "b", "\xff"}));
}

TEST_P(StoreContract, AListContainsTheKeysWithThePrefix) {
  for (const char* key : {"a", "a/", "a/1", "a/2", "a0", "b"}) put(key, "v");
  EXPECT_EQ(keys("a/"), (Words{"a/", "a/1", "a/2"}));
  EXPECT_EQ(keys("a"), (Words{"a", "a/", "a/1", "a/2", "a0"}));
  EXPECT_EQ(keys("c"), Words{});
}

TEST_P(StoreContract, APrefixMayEndInTheGreatestByte) {
  for (const char* key : {"a\xfe", "a\xff", "a\xff\x01", "a\xff\xff", "b", "\xff\xff", "\xff\xff\xff"}) put(key, "v");
  EXPECT_EQ(keys("a\xff"), (Words{"a\xff", "a\xff\x01", "a\xff\xff"}));
  EXPECT_EQ(keys("\xff\xff"), (Words{"\xff\xff", "\xff\xff\xff"}));
}

TEST_P(StoreContract, AListContinuesAfterAKeyThatNeedNotExist) {
  for (const char* key : {"p/a", "p/c", "p/c\x01", "q"}) put(key, "v");
  EXPECT_EQ(keys("p/", "p/a"), (Words{"p/c", "p/c\x01"}));
  EXPECT_EQ(keys("p/", "p/b"), (Words{"p/c", "p/c\x01"}));
  EXPECT_EQ(keys("p/", "p/c"), (Words{"p/c\x01"}));
  EXPECT_EQ(keys("p/", "a"), (Words{"p/a", "p/c", "p/c\x01"}));
  EXPECT_EQ(keys("p/", "q"), Words{});
  EXPECT_EQ(keys("p/", "p/\xff"), Words{});
}

TEST_P(StoreContract, AListIsReadPageByPage) {
  for (int i = 10; i < 35; ++i) put("k" + std::to_string(i), std::to_string(i));
  Words read;
  std::string after;
  bool more = true;
  for (int pages = 0; more; ++pages) {
    ASSERT_LT(pages, 4);
    const auto page = wait(store_->list("k", after, 10));
    ASSERT_TRUE(page);
    ASSERT_FALSE(page->entries.empty());
    EXPECT_LE(page->entries.size(), 10U);
    for (const store::Entry& entry : page->entries) read.push_back(entry.value);
    after = page->entries.back().key;
    more = page->more;
  }
  ASSERT_EQ(read.size(), 25U);
  EXPECT_EQ(read.front(), "10");
  EXPECT_EQ(read.back(), "34");
}

TEST_P(StoreContract, AListThatFitsExactlyIsComplete) {
  for (const char* key : {"a", "b", "c"}) put(key, "v");
  EXPECT_FALSE(wait(store_->list("", "", 3))->more);
  EXPECT_TRUE(wait(store_->list("", "", 2))->more);
}

TEST_P(StoreContract, AListReturnsTheRevisionOfTheStore) {
  put("a", "1");
  const store::Revision last = put("elsewhere", "1");
  EXPECT_EQ(wait(store_->list("a", "", 10))->revision, last);
  EXPECT_EQ(wait(store_->list("none", "", 10))->revision, last);
}

// Watches.

TEST_P(StoreContract, AWatchReportsChangesInOrder) {
  Told told;
  const auto watch = store_->watch("w/", revision(), told.teller());
  const store::Revision one = put("w/a", "1");
  put("elsewhere", "1");
  const store::Revision two = put("w/a", "2");
  const store::Revision gone = wait(store_->erase("w/a")).value();
  ASSERT_TRUE(this->told(told, 3));
  EXPECT_EQ(told.events, (Words{"put w/a=1@" + text(one), "put w/a=2@" + text(two), "erase w/a@" + text(gone)}));
}

TEST_P(StoreContract, AWatchMayBeginWithinTheLoop) {
  Told told;
  std::unique_ptr<store::Watch> watch;
  boost::asio::post(io_, [&] { watch = store_->watch("k", store::Revision{}, told.teller()); });
  run_for(io_, 100ms);
  put("k", "v");
  EXPECT_TRUE(run_until(io_, [&] { return !told.events.empty(); }));
}

TEST_P(StoreContract, AWatchReportsTheCreationRevisionOfAPut) {
  const store::Revision one = put("k", "1");
  std::vector<store::Entry> seen;
  const auto watch = store_->watch("k", one, [&](const store::WatchEvent& event) {
    if (const auto* put = std::get_if<store::PutSeen>(&event)) seen.push_back(put->entry);
  });
  const store::Revision two = put("k", "2");
  ASSERT_TRUE(run_until(io_, [&] { return !seen.empty(); }));
  EXPECT_EQ(seen[0].created, one);
  EXPECT_EQ(seen[0].modified, two);
}

TEST_P(StoreContract, AWatchReportsAllChangesOfACommit) {
  put("w/old", "0");
  Told told;
  const auto watch = store_->watch("w/", revision(), told.teller());
  const std::string at =
      "@" + text(wait(store_->commit(changes(store::Put{"w/b", "1"}, store::Erase{"w/old"}, store::Put{"x", "1"},
                                             store::Check{"w/c", store::Absent{}}, store::Put{"w/a", "2"})))
                     .value());
  ASSERT_TRUE(this->told(told, 3));
  std::sort(told.events.begin(), told.events.end());
  EXPECT_EQ(told.events, (Words{"erase w/old" + at, "put w/a=2" + at, "put w/b=1" + at}));
}

TEST_P(StoreContract, AWatchContinuesFromAPastRevision) {
  put("k", "1");
  const store::Revision since = put("k", "2");
  const store::Revision three = put("k", "3");
  const store::Revision gone = wait(store_->erase("k")).value();
  Told told;
  const auto watch = store_->watch("k", since, told.teller());
  EXPECT_TRUE(told.events.empty()) << "told from within the call";
  const store::Revision four = put("k", "4");
  ASSERT_TRUE(this->told(told, 3));
  EXPECT_EQ(told.events, (Words{"put k=3@" + text(three), "erase k@" + text(gone), "put k=4@" + text(four)}));
}

TEST_P(StoreContract, NothingIsMissedBetweenAListAndAWatch) {
  int listed = 0;
  for (int i = 0; i < 20; ++i) {
    const auto listing = wait(store_->list("k", "", 100));
    ASSERT_TRUE(listing);
    listed = static_cast<int>(listing->entries.size());
    put("k" + std::to_string(i), "v");
    Told told;
    const auto watch = store_->watch("k", listing->revision, told.teller());
    ASSERT_TRUE(this->told(told, 1));
    EXPECT_EQ(told.events[0].substr(0, 5), "put k");
    EXPECT_EQ(told.events.size(), 1U);
    EXPECT_EQ(listed, i);
  }
}

TEST_P(StoreContract, AWatchIsUpToDateEverySecond) {
  Told told;
  const auto watch = store_->watch("w/", revision(), told.teller());
  const store::Revision last = put("elsewhere", "1");
  EXPECT_TRUE(run_until(
      io_, [&] { return told.up_to_date >= last; }, 2s));
  const int ticks = told.ticks;
  EXPECT_TRUE(run_until(
      io_, [&] { return told.ticks >= ticks + 2; }, 3s));
  EXPECT_TRUE(told.events.empty());
}

TEST_P(StoreContract, AWatchIsNotUpToDateBeforeItHasReportedEverything) {
  store::Revision seen{};
  store::Revision fresh{};
  const store::Revision since = revision();
  const auto watch = store_->watch("k", since, [&](const store::WatchEvent& event) {
    if (const auto* put = std::get_if<store::PutSeen>(&event)) {
      EXPECT_GT(put->entry.modified, fresh);
      seen = put->entry.modified;
    }
    if (const auto* now = std::get_if<store::UpToDate>(&event)) fresh = now->revision;
  });
  store::Revision last{};
  for (int i = 0; i < 200; ++i) last = put("k" + std::to_string(i % 3), "v");
  ASSERT_TRUE(run_until(io_, [&] { return fresh >= last; }));
  EXPECT_EQ(seen, last);
}

TEST_P(StoreContract, ADestroyedWatchReportsNothing) {
  Told told;
  auto watch = store_->watch("k", revision(), told.teller());
  put("k", "1");
  ASSERT_TRUE(this->told(told, 1));
  watch.reset();
  const int ticks = told.ticks;
  put("k", "2");
  run_for(io_, 1100ms);
  EXPECT_EQ(told.events.size(), 1U);
  EXPECT_EQ(told.ticks, ticks);
}

TEST_P(StoreContract, AWatchMayEndItself) {
  int events = 0;
  std::unique_ptr<store::Watch> watch;
  const store::Revision since = revision();
  put("k", "1");
  put("k", "2");
  watch = store_->watch("k", since, [&](const store::WatchEvent& event) {
    if (!std::holds_alternative<store::PutSeen>(event)) return;
    ++events;
    watch.reset();
  });
  Told witness;
  const auto other = store_->watch("k", since, witness.teller());
  put("k", "3");
  ASSERT_TRUE(told(witness, 3));
  EXPECT_EQ(events, 1);
}

TEST_P(StoreContract, AllWatchesOfAKeyReportIt) {
  Told a;
  Told b;
  Told all;
  const store::Revision since = revision();
  const auto watch_a = store_->watch("k/a", since, a.teller());
  const auto watch_b = store_->watch("k/b", since, b.teller());
  const auto watch_all = store_->watch("", since, all.teller());
  put("k/a", "1");
  put("k/b", "1");
  ASSERT_TRUE(told(all, 2) && told(a, 1) && told(b, 1));
  EXPECT_EQ(a.events[0], all.events[0]);
  EXPECT_EQ(b.events[0], all.events[1]);
}

TEST_P(StoreContract, AWatchMayOutliveItsStore) {
  Told told;
  const auto watch = store_->watch("k", revision(), told.teller());
  put("k", "1");
  store_.reset();
  const std::size_t events = told.events.size();
  run_for(io_, 600ms);
  EXPECT_EQ(told.events.size(), events);
}

// Leases, in real time, because not every implementation lets us control their expiry.

TEST_P(StoreContract, AnExpiredLeaseErasesItsKeys) {
  const auto begin = std::chrono::steady_clock::now();
  const auto lease = wait(store_->grant_lease(2s));
  ASSERT_TRUE(lease);
  EXPECT_NE(*lease, store::LeaseId{});
  Told told;
  const auto watch = store_->watch("", revision(), told.teller());
  ASSERT_TRUE(wait(store_->commit(
      changes(store::Put{"a", "1", {}, *lease}, store::Put{"b", "1", {}, *lease}, store::Put{"stays", "1"}))));
  ASSERT_TRUE(this->told(told, 5));
  const auto after = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(after, 1900ms);
  EXPECT_LE(after, 3500ms);
  EXPECT_EQ(keys(""), (Words{"stays"}));
  ASSERT_EQ(told.events[3].substr(0, 6), "erase ");
  EXPECT_EQ(told.events[3].substr(7), told.events[4].substr(7)) << "not one commit";
  EXPECT_EQ(wait(store_->keep_alive(*lease)), refuse(errc::store_conflict));
  EXPECT_EQ(wait(store_->revoke_lease(*lease)), refuse(errc::store_conflict));
  EXPECT_EQ(wait(store_->commit(changes(store::Put{"c", "1", {}, *lease}))), refuse(errc::store_conflict));
}

TEST_P(StoreContract, ALeaseThatIsKeptAliveDoesNotExpire) {
  const auto lease = wait(store_->grant_lease(2s));
  ASSERT_TRUE(wait(store_->commit(changes(store::Put{"k", "1", {}, *lease}))));
  // Longer than it could last without renewal.
  for (int i = 0; i < 3; ++i) {
    run_for(io_, 1100ms);
    ASSERT_TRUE(wait(store_->keep_alive(*lease)));
    ASSERT_TRUE(get("k"));
  }
  EXPECT_TRUE(run_until(
      io_, [&] { return !get("k"); }, 4s));
}

TEST_P(StoreContract, ARevokedLeaseErasesItsKeysAtOnce) {
  const auto lease = wait(store_->grant_lease(60s));
  const auto other = wait(store_->grant_lease(60s));
  EXPECT_NE(*lease, *other);
  ASSERT_TRUE(wait(store_->commit(
      changes(store::Put{"k", "1", {}, *lease}, store::Put{"o", "1", {}, *other}, store::Put{"n", "1"}))));
  ASSERT_TRUE(wait(store_->revoke_lease(*lease)));
  EXPECT_EQ(keys(""), (Words{"n", "o"}));
  EXPECT_EQ(wait(store_->revoke_lease(*lease)), refuse(errc::store_conflict));
  EXPECT_TRUE(wait(store_->revoke_lease(*other)));
  EXPECT_EQ(keys(""), (Words{"n"}));
}

TEST_P(StoreContract, TheLastPutDecidesWhichLeaseAKeyHas) {
  const auto lease = wait(store_->grant_lease(60s));
  const auto other = wait(store_->grant_lease(60s));
  ASSERT_TRUE(
      wait(store_->commit(changes(store::Put{"freed", "1", {}, *lease}, store::Put{"moved", "1", {}, *lease}))));
  ASSERT_TRUE(wait(store_->commit(changes(store::Put{"freed", "2"}, store::Put{"moved", "2", {}, *other}))));
  ASSERT_TRUE(wait(store_->revoke_lease(*lease)));
  EXPECT_EQ(keys(""), (Words{"freed", "moved"}));
  ASSERT_TRUE(wait(store_->revoke_lease(*other)));
  EXPECT_EQ(keys(""), (Words{"freed"}));
}

TEST_P(StoreContract, AnUnknownLeaseIsRefused) {
  const store::LeaseId unknown{0x1234567812345678};
  EXPECT_EQ(wait(store_->commit(changes(store::Put{"before", "1"}, store::Put{"k", "1", {}, unknown}))),
            refuse(errc::store_conflict));
  EXPECT_EQ(keys(""), Words{});
  EXPECT_EQ(wait(store_->keep_alive(unknown)), refuse(errc::store_conflict));
  EXPECT_EQ(wait(store_->revoke_lease(unknown)), refuse(errc::store_conflict));
  EXPECT_EQ(wait(store_->keep_alive(store::LeaseId{})), refuse(errc::store_conflict));
}

TEST_P(StoreContract, RefusesALeaseTimeOutOfRange) {
  EXPECT_EQ(wait(store_->grant_lease(store::kMinLeaseTtl - 1s)).error(), Errc::invalid_argument);
  EXPECT_EQ(wait(store_->grant_lease(store::kMaxLeaseTtl + 1s)).error(), Errc::invalid_argument);
  EXPECT_TRUE(wait(store_->grant_lease(store::kMaxLeaseTtl)));
}

// Several at once.

net::Task<void> increment(store::Store& store, int times, int& conflicts) {
  for (int done = 0; done < times;) {
    const auto entry = co_await store.get("counter");
    if (!entry) ADD_FAILURE() << name(entry.error());
    const int value = *entry ? std::stoi((*entry)->value) : 0;
    const store::Expect expect =
        *entry ? store::Expect(store::Unchanged{(*entry)->modified}) : store::Expect(store::Absent{});
    const auto put = co_await store.put("counter", std::to_string(value + 1), expect);
    if (put) {
      ++done;
    } else if (put.error() == errc::store_conflict) {
      ++conflicts;
    } else {
      ADD_FAILURE() << name(put.error());
      co_return;
    }
  }
}

TEST_P(StoreContract, ConcurrentIncrementsAreNotLost) {
  const auto other = GetParam().reopens ? place_->open(io_) : nullptr;
  int running = 8;
  int conflicts = 0;
  for (int i = 0; i < 8; ++i) {
    store::Store& store = other && i % 2 == 1 ? *other : *store_;
    boost::asio::co_spawn(io_, increment(store, 25, conflicts), [&running](const std::exception_ptr&) { --running; });
  }
  ASSERT_TRUE(run_until(
      io_, [&] { return running == 0; }, 60s));
  EXPECT_EQ(get("counter")->value, "200");
  EXPECT_GT(conflicts, 0) << "they did not meet";
}

TEST_P(StoreContract, ConcurrentCommitsGetDifferentRevisions) {
  std::vector<store::Revision> revisions;
  for (int i = 0; i < 50; ++i) {
    boost::asio::co_spawn(
        io_,
        [](store::Store& store, int number, std::vector<store::Revision>& out) -> net::Task<void> {
          const auto revision = co_await store.put("k" + std::to_string(number), "v");
          if (revision) out.push_back(*revision);
        }(*store_, i, revisions),
        boost::asio::detached);
  }
  ASSERT_TRUE(run_until(
      io_, [&] { return revisions.size() == 50; }, 30s));
  std::sort(revisions.begin(), revisions.end());
  EXPECT_EQ(std::adjacent_find(revisions.begin(), revisions.end()), revisions.end());
  EXPECT_EQ(keys("k").size(), 50U);
}

TEST_P(StoreContract, TwoStoresOnOnePlaceHaveTheSameContent) {
  if (!GetParam().reopens) GTEST_SKIP() << "a place of its own each";
  const auto other = place_->open(io_);
  ASSERT_NE(other, nullptr);
  Told told;
  const auto watch = other->watch("k", revision(), told.teller());
  const store::Revision one = put("k", "1");
  EXPECT_EQ(wait(other->get("k")).value()->modified, one);
  const auto two = wait(other->put("k", "2", store::Unchanged{one}));
  ASSERT_TRUE(two);
  EXPECT_EQ(wait(store_->put("k", "3", store::Unchanged{one})), refuse(errc::store_conflict));
  EXPECT_EQ(get("k")->value, "2");
  ASSERT_TRUE(this->told(told, 2));
  EXPECT_EQ(told.events, (Words{"put k=1@" + text(one), "put k=2@" + text(*two)}));
}

TEST_P(StoreContract, ALeaseIsValidInAllStoresOfThePlace) {
  if (!GetParam().reopens) GTEST_SKIP() << "a place of its own each";
  const auto lease = wait(store_->grant_lease(60s));
  ASSERT_TRUE(wait(store_->commit(changes(store::Put{"k", "1", {}, *lease}))));
  store_ = place_->open(io_);
  EXPECT_TRUE(wait(store_->keep_alive(*lease)));
  EXPECT_TRUE(get("k"));
  EXPECT_TRUE(wait(store_->revoke_lease(*lease)));
  EXPECT_FALSE(get("k"));
}

}  // namespace

}  // namespace redan::cloud::test
