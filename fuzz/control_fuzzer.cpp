// Control messages from untrusted clients: a message that parses is written and parses again, and the picture handles
// it.
#include "base/assert.hpp"
#include "cloud/runtime/reactions.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace redan;
  namespace control = cloud::runtime::control;
  const auto message = control::parse(redan::as_text({data, size}));
  if (!message) return 0;
  const auto again = control::parse(control::text(*message));
  // Decimal fractions may differ in their last bit.
  REDAN_ASSERT(again && again->index() == message->index());
  if (const auto* vhal = std::get_if<control::VhalRequest>(&*message))
    REDAN_ASSERT(!control::vhal_answer(*vhal).empty());
  media::Scene scene;
  cloud::runtime::Reactions reactions(scene);
  reactions.apply(*message);
  reactions.apply(*message);
  REDAN_ASSERT(scene.text.size() <= 24 && scene.inputs == 2);
  media::Picture picture(160, 120);
  const media::I420& image = picture.draw(scene, {});
  REDAN_ASSERT(media::read_number(image.luma(), 160, 120, 2) == 2U);
  return 0;
}
