#pragma once

#include <gtest/gtest.h>

#include "rtc/dtls/handshake/message.hpp"
#include "rtc/dtls/hello/client_hello.hpp"

namespace redan::test {

/// The message in this datagram; the datagram must live on.
inline std::pair<dtls::HandshakeHeader, dtls::ClientHello> hello_of(Bytes datagram) {
  Reader reader(datagram);
  EXPECT_TRUE(dtls::RecordHeader::parse(reader));
  const auto header = dtls::HandshakeHeader::parse(reader);
  const auto hello = dtls::ClientHello::parse(reader.rest());
  EXPECT_TRUE(header && hello);
  return {header.value_or(dtls::HandshakeHeader{}), hello.value_or(dtls::ClientHello{})};
}

}  // namespace redan::test
