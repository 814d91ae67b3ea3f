using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>Where one tensor of a safetensors file lies.</summary>
/// <param name="DType">Its number type.</param>
/// <param name="Shape">Its shape; empty for a scalar. Not to be changed.</param>
/// <param name="Offset">First byte, counted from the beginning of the file.</param>
/// <param name="ByteLength">Number of bytes.</param>
public sealed record SafetensorsEntry(ScalarType DType, long[] Shape, long Offset, long ByteLength);
