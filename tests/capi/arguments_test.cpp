// Any argument of redan.h, as far as its contract permits: every call returns a number, and nothing crashes.
#include <random>

#include "tests/capi/c_ends.hpp"

namespace redan::test {
namespace {

/// Arguments from a seed: often valid, often not.
class Arguments {
 public:
  explicit Arguments(std::uint64_t seed) : random_(seed) {}

  std::uint64_t number() {
    static constexpr std::uint64_t kEdges[] = {0, 1, 2, 3, 4, 255, 65'535, 0xFFFFFFFF, UINT64_MAX, UINT64_MAX / 2};
    return one_of(3) == 0 ? random_() : kEdges[one_of(std::size(kEdges))];
  }
  std::size_t one_of(std::size_t count) { return random_() % count; }
  bool coin() { return one_of(2) == 0; }

  /// A pointer to one of `choices`, or null.
  template <class T>
  T* maybe(T* pointer) {
    return one_of(6) == 0 ? nullptr : pointer;
  }
  /// Fills a structure with noise, and mostly gives it a size that is valid.
  template <class T>
  T* structure(T& to, std::initializer_list<std::size_t> pointers = {}) {
    auto* bytes = reinterpret_cast<std::uint8_t*>(&to);
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<std::uint8_t>(coin() ? 0 : random_() % 4);
    // What a pointer points to is the caller's promise.
    for (const std::size_t at : pointers) std::memset(bytes + at, 0, sizeof(void*));
    to.struct_size = one_of(4) != 0 ? sizeof(T) : number();
    return maybe(&to);
  }

 private:
  std::mt19937_64 random_;
};

class ArbitraryCalls {
 public:
  explicit ArbitraryCalls(std::uint64_t seed) : with_(seed), pair_(seed % 2 == 0) {
    if (seed % 4 != 0) pair_.open();
  }

  void call() {
    static constexpr int (ArbitraryCalls::*kCalls[])() = {
        &ArbitraryCalls::accept,     &ArbitraryCalls::offer,    &ArbitraryCalls::input,      &ArbitraryCalls::poll,
        &ArbitraryCalls::open,       &ArbitraryCalls::send,     &ArbitraryCalls::amounts,    &ArbitraryCalls::media,
        &ArbitraryCalls::send_media, &ArbitraryCalls::security, &ArbitraryCalls::statistics, &ArbitraryCalls::make,
        &ArbitraryCalls::identity,   &ArbitraryCalls::close,    &ArbitraryCalls::complete,   &ArbitraryCalls::servers,
        &ArbitraryCalls::candidates};
    const int result = (this->*kCalls[with_.one_of(std::size(kCalls))])();
    EXPECT_STRNE(redan_error_name(result), "unknown") << result;
  }

 private:
  redan_endpoint* endpoint() {
    switch (with_.one_of(8)) {
      case 0:
        return nullptr;
      case 1:
        return reinterpret_cast<redan_endpoint*>(pair_.caller.provider.get());
      case 2:
        return reinterpret_cast<redan_endpoint*>(pair_.caller.identity.get());
      default:
        return pair_.caller.endpoint.get();
    }
  }
  redan_provider* provider() {
    return with_.one_of(4) == 0 ? reinterpret_cast<redan_provider*>(endpoint()) : pair_.caller.provider.get();
  }
  std::uint64_t peer() { return with_.coin() ? pair_.caller.peer : with_.number(); }
  std::uint32_t channel() { return with_.coin() ? pair_.caller.channel : static_cast<std::uint32_t>(with_.number()); }
  std::uint32_t small() { return static_cast<std::uint32_t>(with_.coin() ? with_.one_of(4) : with_.number()); }

  /// Text with its size; null with any size.
  std::pair<const char*, std::size_t> text() {
    static const std::string kTexts[] = {"", "v=0\r\n", std::string(70'000, 'x'), "talk"};
    if (with_.one_of(5) == 0) return {nullptr, with_.number()};
    const std::string& chosen = kTexts[with_.one_of(4)];
    return {chosen.data(), with_.one_of(chosen.size() + 1)};
  }
  int keep(int result, char* text) {
    redan_free(text);
    return result;
  }

  int accept() {
    redan_accept_options options{};
    char* answer = nullptr;
    const auto [offer, size] = text();
    return keep(redan_endpoint_accept(endpoint(), offer, size,
                                      with_.structure(options, {offsetof(redan_accept_options, sources)}),
                                      with_.maybe(&number_), with_.coin() ? nullptr : &answer),
                answer);
  }
  int offer() {
    redan_media_plan plan{};
    redan_media_sources sources{};
    with_.structure(plan, {offsetof(redan_media_plan, sources)});
    plan.sources =
        with_.structure(sources, {offsetof(redan_media_sources, stream), offsetof(redan_media_sources, cname)});
    char* text = nullptr;
    return keep(redan_endpoint_offer(endpoint(), with_.maybe(&plan), with_.maybe(&number_), &text), text);
  }
  int servers() {
    redan_ice_server server{};
    const redan_ice_server* given = with_.structure(
        server,
        {offsetof(redan_ice_server, url), offsetof(redan_ice_server, username), offsetof(redan_ice_server, password)});
    const redan_ice_server* const all[] = {given};
    return redan_endpoint_set_ice_servers(endpoint(), with_.one_of(5) == 0 ? nullptr : all, with_.one_of(2));
  }
  int candidates() {
    const auto [candidate, size] = text();
    const int added = redan_endpoint_add_remote_candidate(endpoint(), peer(), candidate, size);
    redan_local_candidate local{};
    std::size_t count = 0;
    static_cast<void>(redan_endpoint_local_candidate_count(endpoint(), with_.coin() ? nullptr : &count));
    static_cast<void>(redan_endpoint_local_candidate_at(endpoint(), with_.number(), with_.structure(local)));
    return added;
  }
  int complete() {
    const auto [answer, size] = text();
    return redan_endpoint_complete(endpoint(), peer(), answer, size);
  }
  int input() {
    redan_datagram datagram{};
    redan_datagram* given = with_.structure(datagram, {offsetof(redan_datagram, bytes)});
    if (with_.coin()) {
      datagram.bytes = bytes_.data();
      datagram.bytes_size = with_.one_of(bytes_.size() + 1);
    }
    return redan_endpoint_handle_input(endpoint(), static_cast<redan_time>(with_.number()), given);
  }
  int poll() {
    redan_output output{};
    redan_output* given = with_.structure(output);
    const bool none = with_.one_of(5) == 0;
    return redan_endpoint_poll_output(endpoint(), with_.coin() ? pair_.now : static_cast<redan_time>(with_.number()),
                                      none ? nullptr : bytes_.data(), with_.one_of(bytes_.size() + 1), given);
  }
  int open() {
    redan_channel_options options{};
    const auto [label, size] = text();
    return redan_endpoint_open_channel(endpoint(), peer(), label, size,
                                       with_.structure(options, {offsetof(redan_channel_options, protocol)}),
                                       with_.maybe(&pair_.caller.channel));
  }
  int send() {
    const auto [payload, size] = text();
    return redan_endpoint_send(endpoint(), peer(), channel(), small(), reinterpret_cast<const std::uint8_t*>(payload),
                               size);
  }
  int amounts() {
    std::size_t amount = 0;
    redan_endpoint_set_buffered_amount_low_threshold(endpoint(), peer(), channel(), with_.number());
    redan_endpoint_max_message_size(endpoint(), peer(), with_.maybe(&amount));
    return redan_endpoint_buffered_amount(endpoint(), peer(), channel(), with_.maybe(&amount));
  }
  int media() {
    redan_agreed_media media{};
    std::size_t count = 0;
    redan_endpoint_media_count(endpoint(), peer(), with_.maybe(&count));
    return redan_endpoint_media_at(endpoint(), peer(), with_.number(), with_.structure(media));
  }
  int send_media() {
    const std::size_t capacity = with_.one_of(bytes_.size() + 1);
    return redan_endpoint_send_media(endpoint(), peer(), small(), with_.maybe(bytes_.data()),
                                     with_.coin() ? with_.number() : with_.one_of(64), capacity);
  }
  int security() {
    redan_security security{};
    const auto [label, size] = text();
    redan_endpoint_export_keying_material(endpoint(), peer(), label, size, bytes_.data(), with_.one_of(bytes_.size()));
    return redan_endpoint_security(endpoint(), peer(), with_.structure(security));
  }
  int statistics() {
    redan_peer_statistics of_peer{};
    redan_endpoint_statistics of_all{};
    redan_endpoint_statistics_of_all(endpoint(), with_.structure(of_all));
    return redan_endpoint_peer_statistics(endpoint(), peer(), with_.structure(of_peer));
  }
  int make() {
    redan_endpoint_config config{};
    redan_endpoint_config* given = with_.structure(
        config, {offsetof(redan_endpoint_config, local_addresses), offsetof(redan_endpoint_config, srtp_profiles)});
    redan_address address{};
    address.family = static_cast<std::uint8_t>(with_.one_of(8));
    if (with_.coin()) {
      config.local_addresses = &address;
      config.local_address_count = with_.one_of(2);
      config.srtp_profile_count = 0;
    }
    redan_endpoint* made = nullptr;
    const int result =
        redan_endpoint_new(provider(), with_.maybe(pair_.caller.identity.get()), given, with_.maybe(&made));
    redan_endpoint_free(made);
    return result;
  }
  int identity() {
    redan_identity* made = nullptr;
    const auto [certificate, size] = text();
    const int result = redan_identity_load(provider(), reinterpret_cast<const std::uint8_t*>(certificate),
                                           certificate == nullptr ? 0 : size, bytes_.data(),
                                           with_.one_of(bytes_.size()), with_.maybe(&made));
    redan_identity_free(made);
    return result;
  }
  int close() {
    redan_endpoint_close_channel(endpoint(), peer(), channel());
    return with_.one_of(8) == 0 ? redan_endpoint_close(endpoint(), peer()) : 0;
  }

  Arguments with_;
  CPair pair_;
  std::uint64_t number_ = 0;
  std::array<std::uint8_t, 2048> bytes_{};
};

TEST(CArguments, NeverCrashTheLibraryWhateverTheyAre) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    ArbitraryCalls calls(seed);
    for (int i = 0; i < 500; ++i) calls.call();
  }
}

}  // namespace
}  // namespace redan::test
