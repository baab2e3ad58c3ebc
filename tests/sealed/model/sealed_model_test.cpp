// The sealed handshake resists the intruder of search.hpp in every run of a few small worlds; and each element of the
// handshake is necessary: without it, the search finds the attack. See docs/protocols/sealed-model.md.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/sealed/model/search.hpp"

namespace redan::test::model {
namespace {

using Client = Scenario::Client;
using Runtime = Scenario::Runtime;

const Client kFirst{"A", "s", "i"};
const std::array<Runtime, 2> kOneRuntime = {Runtime{"R", "i"}, Runtime{"R", "i"}};
const std::array<Runtime, 2> kTwoRuntimes = {Runtime{"R", "i"}, Runtime{"Q", "k"}};
/// A client that requests the same session twice.
const Scenario kSame{{kFirst, kFirst}, kOneRuntime};
/// A client that also has a session with the intruder's own runtime.
const Scenario kWithDishonest{{kFirst, Client{"A", "s", "j"}}, kOneRuntime};

Scenario with_secret_of(std::string name, Scenario scenario) {
  scenario.leaked.push_back(std::move(name));
  return scenario;
}
Scenario with_keys_of_a_channel(Scenario scenario) {
  scenario.leak_keys = true;
  return scenario;
}

void expect_that_it_holds(const Scenario& scenario) {
  Search search(Weakness::none, scenario);
  search.run();
  for (const auto& [property, steps] : search.attacks()) ADD_FAILURE() << name(property) << " is broken:\n" << steps;
  EXPECT_GT(search.finished(), 0U) << "nothing happens in this model";
  std::cout << search.states() << " states\n";
}

void expect_an_attack(Weakness weakness, Property property, const Scenario& scenario) {
  Search weak(weakness, scenario);
  weak.run(property);
  ASSERT_TRUE(weak.attacks().contains(property))
      << name(property) << " holds even so, in " << weak.states() << " states";
  std::cout << name(property) << " is broken:\n" << weak.attacks().at(property);
}

// The handshake holds.

TEST(SealedModel, HoldsForTwoRunsOfOneGrant) { expect_that_it_holds(kSame); }
TEST(SealedModel, HoldsForTwoSessionsOfOneClient) {
  expect_that_it_holds({{kFirst, Client{"A", "t", "i"}}, kOneRuntime});
}
TEST(SealedModel, HoldsForTwoClientsInSessionsWithTheSameName) {
  expect_that_it_holds({{kFirst, Client{"B", "s", "i"}}, kOneRuntime});
}
TEST(SealedModel, HoldsForTwoClientsInTwoSessions) {
  expect_that_it_holds({{kFirst, Client{"B", "t", "i"}}, kOneRuntime});
}
TEST(SealedModel, HoldsForOneClientAtTwoRuntimes) {
  expect_that_it_holds({{kFirst, Client{"A", "s", "k"}}, kTwoRuntimes});
}
TEST(SealedModel, HoldsForTwoClientsAtTwoRuntimes) {
  expect_that_it_holds({{kFirst, Client{"B", "s", "k"}}, kTwoRuntimes});
}
TEST(SealedModel, HoldsTogetherWithADishonestRuntimesSession) { expect_that_it_holds(kWithDishonest); }

// Against key-compromise impersonation, and with old keys.

TEST(SealedModel, ClientsAreNotDeceivedByAHolderOfTheirSecret) { expect_that_it_holds(with_secret_of("A", kSame)); }
TEST(SealedModel, ClientsInSessionsWithTheSameNameAreNotDeceivedByAHolderOfASecret) {
  expect_that_it_holds(with_secret_of("A", {{kFirst, Client{"B", "s", "i"}}, kOneRuntime}));
}
TEST(SealedModel, RuntimesAreNotDeceivedByAHolderOfTheirSecret) {
  expect_that_it_holds(with_secret_of("R", {{kFirst, Client{"A", "s", "k"}}, kTwoRuntimes}));
}
TEST(SealedModel, KeysOfOneChannelDoNotHelpAgainstAnother) { expect_that_it_holds(with_keys_of_a_channel(kSame)); }

// Necessity of each element.

TEST(SealedModel, UnsignedIdentitiesLetEndsMistakeTheirPeer) {
  expect_an_attack(Weakness::no_identities_signed, Property::same_ends, kWithDishonest);
}
TEST(SealedModel, WithoutATranscriptAnAnswerIsAcceptedTwice) {
  expect_an_attack(Weakness::no_transcript, Property::no_replay, kSame);
}
TEST(SealedModel, WithUnsignedSuitesTheIntruderChoosesTheSuite) {
  expect_an_attack(Weakness::suites_not_signed, Property::same_handshake, kSame);
}
TEST(SealedModel, WithAnUnsignedShareTheIntruderKnowsTheKeys) {
  expect_an_attack(Weakness::share_not_signed, Property::secrecy, kSame);
}
TEST(SealedModel, WithoutTheClientsKeyInTheGrantAnyHolderIsTheClient) {
  expect_an_attack(Weakness::grant_without_client, Property::runtime_authentication, kSame);
}
TEST(SealedModel, WithUncheckedCertificatesTheIntruderCanBeTheRuntime) {
  expect_an_attack(Weakness::certificate_unchecked, Property::client_authentication, kSame);
}
TEST(SealedModel, WithUncheckedInstancesAnyRuntimeIsAccepted) {
  expect_an_attack(Weakness::instance_unchecked, Property::client_authentication, kSame);
}
TEST(SealedModel, WithAStaticShareOldSessionsCanBeReadLater) {
  expect_an_attack(Weakness::static_share, Property::forward_secrecy, kSame);
}
TEST(SealedModel, WithStaticAuthenticationAClientsSecretImpersonatesRuntimes) {
  expect_an_attack(Weakness::static_authentication, Property::client_authentication, with_secret_of("A", kSame));
}
TEST(SealedModel, WithoutDirectionsAClientsOwnRecordConfirms) {
  expect_an_attack(Weakness::one_direction, Property::confirmation, kSame);
}
TEST(SealedModel, WithoutASealedRecordTheClientIsNotConfirmed) {
  expect_an_attack(Weakness::clear_confirmation, Property::confirmation, kSame);
}
TEST(SealedModel, WithoutMemoryAGrantEstablishesTwoChannels) {
  expect_an_attack(Weakness::grants_not_remembered, Property::one_channel_per_grant, kSame);
}

}  // namespace
}  // namespace redan::test::model
