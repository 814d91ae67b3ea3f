namespace Rge.Models.Kernels;

/// <summary>Input rows of 8 bits, as <see cref="RowQuantizationBody{T}"/> makes them.</summary>
/// <param name="values">−127 to 127, <c>[rows, width]</c>; a float is this times its row's scale.</param>
/// <param name="offsets">−8 times the sum of each four neighbours, <c>[rows, width / 4]</c>.</param>
/// <param name="width">Elements of a row, a multiple of 64; zeros at the end.</param>
internal readonly unsafe struct QuantizedInput(sbyte* values, int* offsets, int width)
{
    /// <summary>Elements of a row, padding included.</summary>
    public int Width => width;

    /// <summary>The values of a row.</summary>
    public sbyte* Values(int row) => values + (long)row * width;

    /// <summary>The offsets of a row.</summary>
    public int* Offsets(int row) => offsets + (long)row * (width / 4);

    /// <summary>The rows from one on.</summary>
    public QuantizedInput From(int row) => new(Values(row), Offsets(row), width);
}
