# Component orionrt::onnx.
