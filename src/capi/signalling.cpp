// Offers and answers.
#include <algorithm>

#include "capi/boundary.hpp"

namespace redan::capi {
namespace {

/// A token of RFC 8830 section 2 and a CNAME become part of a line of our description.
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}
bool is_cname(std::string_view text) {
  return text.size() <= 255 && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

Result<MediaSources> read_sources(const redan_media_sources* sources) {
  redan_media_sources from = REDAN_MEDIA_SOURCES_INIT;
  if (!read_optional(sources, from) || !is_range(from.stream, from.stream_size) ||
      !is_range(from.cname, from.cname_size))
    return bad("sources");
  MediaSources to{.cname = std::string(as_view(from.cname, from.cname_size)),
                  .audio_ssrc = from.audio_ssrc,
                  .video_ssrc = from.video_ssrc,
                  .receiver_estimates = from.receiver_estimates != 0};
  if (from.stream != nullptr) to.stream = as_view(from.stream, from.stream_size);
  if (!is_token(to.stream)) return bad("sources.stream");
  if (!is_cname(to.cname)) return bad("sources.cname");
  return to;
}

Result<std::optional<DtlsRole>> read_role(std::uint32_t role) {
  if (role == REDAN_DTLS_DEFAULT) return std::optional<DtlsRole>{};
  REDAN_TRY(const DtlsRole read, as_enum(role - REDAN_DTLS_CLIENT, DtlsRole::server, "dtls_role"));
  return std::optional(read);
}

Result<AcceptOptions> read_options(const redan_accept_options* options) {
  redan_accept_options from = REDAN_ACCEPT_OPTIONS_INIT;
  if (!read_optional(options, from)) return bad("options");
  REDAN_TRY(const auto role, read_role(from.dtls_role));
  REDAN_TRY(auto sources, read_sources(from.sources));
  return AcceptOptions{.dtls_role = role.value_or(DtlsRole::server),
                       .accept_media = from.decline_media == 0,
                       .sources = std::move(sources)};
}

Result<MediaPlan> read_plan(const redan_media_plan* plan) {
  redan_media_plan from = REDAN_MEDIA_PLAN_INIT;
  if (!read_optional(plan, from)) return bad("plan");
  REDAN_TRY(const auto role, read_role(from.dtls_role));
  REDAN_TRY(const auto direction, as_enum(from.direction, MediaDirection::inactive, "direction"));
  REDAN_TRY(auto sources, read_sources(from.sources));
  return MediaPlan{.data = from.data != 0,
                   .audio = from.audio != 0,
                   .video = from.video != 0,
                   .dtls_role = role,
                   .direction = direction,
                   .sources = std::move(sources)};
}

}  // namespace
}  // namespace redan::capi

using namespace redan::capi;

int redan_endpoint_accept(redan_endpoint* endpoint, const char* offer, std::size_t offer_size,
                          const redan_accept_options* options, std::uint64_t* peer, char** answer) {
  return on_endpoint(
      endpoint,
      [&](redan::Endpoint& of) -> redan::Result<redan::Accepted> {
        if (!is_range(offer, offer_size) || !present(peer, answer)) return bad("offer, peer or answer");
        REDAN_TRY(const auto read, read_options(options));
        return of.accept(as_view(offer, offer_size), read);
      },
      [&](const redan::Accepted& accepted) {
        *peer = accepted.peer.value;
        *answer = duplicate(accepted.answer);
      });
}

int redan_endpoint_offer(redan_endpoint* endpoint, const redan_media_plan* plan, std::uint64_t* peer, char** offer) {
  return on_endpoint(
      endpoint,
      [&](redan::Endpoint& of) -> redan::Result<redan::Offered> {
        if (!present(peer, offer)) return bad("peer or offer");
        REDAN_TRY(const auto read, read_plan(plan));
        return of.offer(read);
      },
      [&](const redan::Offered& offered) {
        *peer = offered.peer.value;
        *offer = duplicate(offered.offer);
      });
}

int redan_endpoint_complete(redan_endpoint* endpoint, std::uint64_t peer, const char* answer, std::size_t answer_size) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (!is_range(answer, answer_size)) return bad("answer");
    return of.complete({peer}, as_view(answer, answer_size));
  });
}

int redan_endpoint_renegotiate(redan_endpoint* endpoint, std::uint64_t peer, const char* offer, std::size_t offer_size,
                               char** answer) {
  return on_endpoint(
      endpoint,
      [&](redan::Endpoint& of) -> redan::Result<std::string> {
        if (!is_range(offer, offer_size) || !present(answer)) return bad("offer or answer");
        return of.renegotiate({peer}, as_view(offer, offer_size));
      },
      [&](const std::string& text) { *answer = duplicate(text); });
}

int redan_endpoint_close(redan_endpoint* endpoint, std::uint64_t peer) {
  return on_endpoint(endpoint, [&](redan::Endpoint& of) -> redan::Result<void> {
    if (const auto known = of.statistics({peer}); !known) return redan::refuse(known.error());
    of.close({peer});
    return {};
  });
}
