namespace Rge.Models.Kernels;

/// <summary>
/// Products of packed weights with 8-bit inputs, in 512 bits of registers: however many the processor's instructions make of them. Lane i
/// of the sixteen results has the elements 4i to 4i + 3 of 64, on every processor, and sums are added in one order: all implementations give
/// the same bits.
/// </summary>
internal unsafe interface IDotRegisters<TSelf>
    where TSelf : unmanaged, IDotRegisters<TSelf>
{
    /// <summary>Whether this processor has the instructions.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>64 bytes.</summary>
    static abstract TSelf Load(void* source);

    /// <summary>64 weights of 4 bits, as bytes of 0 to 15: the low halves of 32 bytes, then their high halves.</summary>
    static abstract TSelf Unpack(byte* source);

    /// <summary>Adds the products of 64 signed weights with inputs of −127 to 127 to sixteen int32 sums, in any of the lanes.</summary>
    static abstract TSelf AddProducts(TSelf sums, TSelf weights, sbyte* input);

    /// <summary>Sixteen int32: offsets[i] and the products of the weights 4i to 4i + 3, bytes of 0 to 15, with inputs.</summary>
    static abstract TSelf Products(TSelf weights, sbyte* input, int* offsets);

    /// <summary>Adds eight int32 products times scales[0] to float32 sums, and the eight others times scales[1].</summary>
    static abstract TSelf AddScaled(TSelf sums, TSelf products, float* scales);

    /// <summary>The total of sixteen int32.</summary>
    static abstract int TotalInt32(TSelf sums);

    /// <summary>The total of sixteen float32: halves are added to halves, until one is left.</summary>
    static abstract float TotalFloat32(TSelf sums);
}
