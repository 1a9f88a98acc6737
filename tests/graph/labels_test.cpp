// What ops and tensors are called.
#include "graph/labels.hpp"

#include <gtest/gtest.h>

namespace orionrt::labels_test {
namespace {

TEST(Labels, SayTheIdAndTheNameOrElseTheType) {
  OpNode op;
  op.id = 17;
  EXPECT_EQ(OpLabel(op), "op 17");
  op.type = "Conv";
  EXPECT_EQ(OpLabel(op), "op 17 Conv");
  op.name = "Conv_3";
  EXPECT_EQ(OpLabel(op), "op 17 \"Conv_3\"");
  TensorDesc tensor;
  tensor.id = 7;
  EXPECT_EQ(TensorLabel(tensor), "tensor 7");
  tensor.name = "conv_6";
  EXPECT_EQ(TensorLabel(tensor), "tensor 7 \"conv_6\"");
}

TEST(Labels, AreOneLine) {
  OpNode op;
  op.type = "a\nb";
  TensorDesc tensor;
  tensor.name = "a\n\x1B[31m\xFF" + std::string(500, 'x');
  for (const std::string& label : {OpLabel(op), TensorLabel(tensor)}) {
    EXPECT_LT(label.size(), 120u);
    for (const char c : label) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << label;
  }
}

}  // namespace
}  // namespace orionrt::labels_test
