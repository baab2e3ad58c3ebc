#include "tests/interop/peers/stack.hpp"

namespace redan::test {
namespace {

const std::string kHere = std::string(REDAN_TESTS_DIR) + "/interop/peers/";

}  // namespace

const std::vector<Stack>& stacks() {
  static const std::vector<Stack> all{
      {"pion",
       {REDAN_PION_PEER},
       65'535,
       {{Feature::older_data_section, "offers the form of RFC 8841, UDP/DTLS/SCTP"},
        {Feature::answer_active, "is active towards a full agent, whatever the offer says"},
        {Feature::answer_passive_lite, "is passive towards a lite agent, whatever the offer says"},
        {Feature::sees_close, "says that channels are closed, not that the connection is"},
        {Feature::sctp_port, "has no setting for its SCTP port"}}},
      {"aiortc",
       {"/usr/bin/python3", kHere + "aiortc_peer.py"},
       65'536,
       {{Feature::answer_active, "takes only actpass offers"},
        {Feature::answer_active_lite, "takes only actpass offers"},
        {Feature::answer_passive, "takes only actpass offers"},
        {Feature::answer_passive_lite, "takes only actpass offers"},
        {Feature::sees_close, "says that channels are closed, not that the connection is"},
        {Feature::ice_restart, "has no ICE restart"},
        {Feature::ice_restart_lite, "has no ICE restart"}}},
      {"werift",
       {REDAN_NODE, kHere + "werift_peer.mjs"},
       65'536,
       {{Feature::older_data_section, "offers the form of RFC 8841, UDP/DTLS/SCTP"},
        {Feature::answer_active, "is active, whatever the offer says"},
        {Feature::answer_active_lite, "is active, whatever the offer says"},
        {Feature::unordered_limits, "its DATA_CHANNEL_OPEN says ordered if there is a limit"},
        {Feature::empty_messages, "sends nothing for an empty message"},
        {Feature::close_notice, "says nothing when it closes: consent ends"},
        {Feature::sees_channels_close, "does not say that its channels are closed by an SCTP ABORT"},
        {Feature::sees_close, "does not say that the connection is closed by close_notify"},
        {Feature::ice_restart_lite, "checks no more after an ICE restart with a lite agent"},
        {Feature::sctp_port, "has no setting for its SCTP port"}}},
      {"wrtc",
       {REDAN_NODE, kHere + "wrtc_peer.mjs"},
       262'144,
       {{Feature::older_data_section, "offers the form of RFC 8841, UDP/DTLS/SCTP"},
        {Feature::sees_close, "says that channels are closed, not that the connection is"},
        {Feature::sctp_port, "has no setting for its SCTP port"}}},
      {"datachannel",
       {REDAN_NODE, kHere + "datachannel_peer.mjs"},
       262'144,
       {{Feature::older_data_section, "offers the form of RFC 8841, UDP/DTLS/SCTP"},
        {Feature::channel_parameters, "has no getters for a channel's order and limits"},
        {Feature::ice_restart, "has no ICE restart"},
        {Feature::ice_restart_lite, "has no ICE restart"},
        {Feature::sctp_port, "has no setting for its SCTP port"}}},
      {"gstreamer",
       {"/usr/bin/python3", kHere + "gstreamer_peer.py"},
       65'536,
       {{Feature::older_data_section, "offers the form of RFC 8841, UDP/DTLS/SCTP"},
        {Feature::empty_messages, "its channel ends when it sends an empty message"},
        {Feature::close_notice, "says nothing when it stops: consent ends"},
        {Feature::sees_channels_close, "does not say that its channels are closed by an SCTP ABORT"},
        {Feature::sees_close, "does not say that the connection is closed by close_notify"},
        {Feature::ice_restart, "has no ICE restart"},
        {Feature::ice_restart_lite, "has no ICE restart"},
        {Feature::sctp_port, "takes its own SCTP port for the other end's, too"}}},
  };
  return all;
}

}  // namespace redan::test
