using static TorchSharp.torch;

namespace Rge.Models.Checkpoints;

/// <summary>The number types of the safetensors format that a tensor here can have.</summary>
/// <param name="Name">Name in the file's header.</param>
/// <param name="DType">The tensor's type.</param>
/// <param name="Size">Bytes of one element.</param>
internal sealed record SafetensorsDType(string Name, ScalarType DType, int Size)
{
    private static readonly SafetensorsDType[] All =
    [
        new("F64", ScalarType.Float64, 8),
        new("F32", ScalarType.Float32, 4),
        new("F16", ScalarType.Float16, 2),
        new("BF16", ScalarType.BFloat16, 2),
        new("I64", ScalarType.Int64, 8),
        new("I32", ScalarType.Int32, 4),
        new("I16", ScalarType.Int16, 2),
        new("I8", ScalarType.Int8, 1),
        new("U8", ScalarType.Byte, 1),
        new("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>All names, for error messages.</summary>
    public static string Names => string.Join(", ", All.Select(type => type.Name));

    public static SafetensorsDType? Named(string? name) => Array.Find(All, type => type.Name == name);

    public static SafetensorsDType? From(ScalarType dtype) => Array.Find(All, type => type.DType == dtype);
}
