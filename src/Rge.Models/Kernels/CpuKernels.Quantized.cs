using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>Linear maps over quantised weights, and the rounding of weights.</summary>
/// <remarks>
/// Inputs are rounded to 8 bits, with a scale for each row. An output depends on its own row alone, neither on how many there are nor on the
/// number of threads, and has the same bits on every processor.
/// </remarks>
internal static unsafe partial class CpuKernels
{
    /// <summary>The instructions in use: the best that the processor has. For tests, any that it has.</summary>
    public static InstructionSet QuantizedInstructions { get; set; } = Enum.GetValues<InstructionSet>().Last(Has);

    /// <summary>Whether the processor has these instructions.</summary>
    public static bool Has(InstructionSet instructions) =>
        instructions switch
        {
            InstructionSet.Avx512 => DotRegisters512.IsSupported,
            InstructionSet.AvxVnni => DotRegisters256<IByteProducts.InOneStep>.IsSupported,
            InstructionSet.Avx2 => DotRegisters256<IByteProducts.InTwoSteps>.IsSupported,
            _ => DotRegisters128.IsSupported,
        };

    /// <summary>Rounds a weight to 8 bits, with a scale for each row.</summary>
    /// <param name="weight">bfloat16 or float32 <c>[out, in]</c>, at most <see cref="PackedRows.MaxWidth"/> wide.</param>
    /// <returns>int8 <c>[out, width]</c> and float32 <c>[out]</c>; NaN for a row with a number that is not finite.</returns>
    public static (Tensor Values, Tensor Scales) RoundToInt8(Tensor weight)
    {
        RequireWeight(weight);
        int outputs = (int)weight.size(0),
            width = (int)PackedRows.Width(weight.size(1));
        Tensor values = empty([outputs, width], ScalarType.Int8),
            scales = empty([outputs], ScalarType.Float32);
        RoundRows(weight, outputs, width, values, scales, offsets: null);
        return (values, scales);
    }

    /// <summary>Rounds a weight to 4 bits, with a scale for each 32 neighbours of a row.</summary>
    /// <param name="weight">As <see cref="RoundToInt8"/>.</param>
    /// <returns>
    /// uint8 <c>[out, width / 2]</c> and bfloat16 <c>[out, width / 32]</c>; NaN for a group with a number that is not finite.
    /// </returns>
    public static (Tensor Values, Tensor Scales) RoundToInt4(Tensor weight)
    {
        RequireWeight(weight);
        int outputs = (int)weight.size(0),
            inputs = (int)weight.size(1),
            width = (int)PackedRows.Width(inputs);
        Tensor values = empty([outputs, width / 2], ScalarType.Byte),
            scales = empty([outputs, width / PackedRows.Group], ScalarType.BFloat16);
        if (weight.dtype == ScalarType.BFloat16)
            Run<BFloat16>();
        else
            Run<Float32>();
        return (values, scales);

        void Run<T>()
            where T : unmanaged, IElement<T> =>
            ThreadTeam.For(
                outputs,
                Math.Max(1, Grain / width),
                new Int4QuantizationBody<T>
                {
                    Input = Pointer<T>(weight),
                    Values = Pointer<byte>(values),
                    Scales = Pointer<BFloat16>(scales),
                    Inputs = inputs,
                    Width = width,
                }
            );
    }

    /// <summary>The affine map y = W x + b over a quantised weight.</summary>
    /// <param name="x">bfloat16 or float32 <c>[…, in]</c>.</param>
    /// <param name="values">As <see cref="RoundToInt8"/> or <see cref="RoundToInt4"/> returns them; may lie in a mapped file.</param>
    /// <param name="scales">The same.</param>
    /// <param name="inputs">Width that comes in, without the padding.</param>
    /// <param name="bias">float32 <c>[out]</c>, or null.</param>
    /// <returns><c>[…, out]</c>, in the type of x. A row of x with a number that is not finite gives NaN.</returns>
    public static Tensor QuantizedLinear(Tensor x, Tensor values, Tensor scales, long inputs, Tensor? bias)
    {
        Require(IsElement(x.dtype) && x.device_type == DeviceType.CPU && x.is_contiguous(), nameof(x));
        Require(x.dim() > 0 && x.size(-1) == inputs && x.NumberOfElements / Math.Max(1, inputs) <= int.MaxValue / 4, nameof(x));
        var width = PackedRows.Width(inputs);
        Require(width is > 0 and <= PackedRows.MaxWidth, nameof(inputs));
        RequirePacked(values, scales, width);
        var outputs = (int)values.size(0);
        Require(
            bias is null || (bias.dtype == ScalarType.Float32 && bias.NumberOfElements == outputs && bias.is_contiguous()),
            nameof(bias)
        );
        var y = EmptyWithWidth(x, outputs);
        if (x.dtype == ScalarType.BFloat16)
            ByFormat<BFloat16>(x, values, scales, (int)width, bias, y);
        else
            ByFormat<Float32>(x, values, scales, (int)width, bias, y);
        return y;
    }

    private static void ByFormat<T>(Tensor x, Tensor values, Tensor scales, int width, Tensor? bias, Tensor y)
        where T : unmanaged, IElement<T>
    {
        if (values.dtype == ScalarType.Int8)
            ByInstructions<Int8Rows, T>(new Int8Rows(Pointer<sbyte>(values), Pointer<float>(scales), width), width, x, bias, y);
        else
            ByInstructions<Int4Rows, T>(new Int4Rows(Pointer<byte>(values), Pointer<BFloat16>(scales), width), width, x, bias, y);
    }

    private static void ByInstructions<TWeight, T>(TWeight weight, int width, Tensor x, Tensor? bias, Tensor y)
        where TWeight : unmanaged, IPackedRows
        where T : unmanaged, IElement<T>
    {
        switch (QuantizedInstructions)
        {
            case InstructionSet.Avx512:
                Multiply<TWeight, DotRegisters512, T>(weight, width, x, bias, y);
                break;
            case InstructionSet.AvxVnni:
                Multiply<TWeight, DotRegisters256<IByteProducts.InOneStep>, T>(weight, width, x, bias, y);
                break;
            case InstructionSet.Avx2:
                Multiply<TWeight, DotRegisters256<IByteProducts.InTwoSteps>, T>(weight, width, x, bias, y);
                break;
            default:
                Multiply<TWeight, DotRegisters128, T>(weight, width, x, bias, y);
                break;
        }
    }

    private static void Multiply<TWeight, TRegisters, T>(TWeight weight, int width, Tensor x, Tensor? bias, Tensor y)
        where TWeight : unmanaged, IPackedRows
        where TRegisters : unmanaged, IDotRegisters<TRegisters>
        where T : unmanaged, IElement<T>
    {
        int rows = (int)(x.NumberOfElements / x.size(-1)),
            outputs = (int)y.size(-1);
        using Tensor rounded = empty([rows, width], ScalarType.Int8),
            factors = empty([rows], ScalarType.Float32),
            offsets = empty([rows, width / 4], ScalarType.Int32);
        RoundRows(x, rows, width, rounded, factors, offsets);
        ThreadTeam.For(
            outputs,
            Math.Max(2, (1 << 16) / weight.RowBytes),
            new QuantizedLinearBody<TWeight, TRegisters, T>
            {
                Weight = weight,
                Input = new QuantizedInput(Pointer<sbyte>(rounded), Pointer<int>(offsets), width),
                InputScales = Pointer<float>(factors),
                Bias = bias is null ? null : Pointer<float>(bias),
                Output = Pointer<T>(y),
                Rows = rows,
                OutputWidth = outputs,
            }
        );
    }

    private static void RoundRows(Tensor x, int rows, int width, Tensor values, Tensor scales, Tensor? offsets)
    {
        if (x.dtype == ScalarType.BFloat16)
            Run<BFloat16>();
        else
            Run<Float32>();

        void Run<T>()
            where T : unmanaged, IElement<T> =>
            ThreadTeam.For(
                rows,
                Math.Max(1, Grain / width),
                new RowQuantizationBody<T>
                {
                    Input = Pointer<T>(x),
                    Values = Pointer<sbyte>(values),
                    Scales = Pointer<float>(scales),
                    Offsets = offsets is null ? null : Pointer<int>(offsets),
                    Inputs = (int)x.size(-1),
                    Width = width,
                }
            );
    }

    private static void RequireWeight(Tensor weight)
    {
        Require(
            IsElement(weight.dtype) && weight.device_type == DeviceType.CPU && weight.is_contiguous() && weight.dim() == 2,
            nameof(weight)
        );
        Require(weight.size(0) is > 0 and <= int.MaxValue && weight.size(1) is > 0 and <= PackedRows.MaxWidth, nameof(weight));
    }

    private static void RequirePacked(Tensor values, Tensor scales, long width)
    {
        Require(values.device_type == DeviceType.CPU && values.is_contiguous() && values.dim() == 2, nameof(values));
        Require(values.size(0) is > 0 and <= int.MaxValue, nameof(values));
        Require(scales.device_type == DeviceType.CPU && scales.is_contiguous(), nameof(scales));
        var isInt8 = values.dtype == ScalarType.Int8;
        Require(isInt8 || values.dtype == ScalarType.Byte, nameof(values));
        Require(values.size(1) == (isInt8 ? width : width / 2), nameof(values));
        Require(scales.dtype == (isInt8 ? ScalarType.Float32 : ScalarType.BFloat16), nameof(scales));
        Require(scales.NumberOfElements == values.size(0) * (isInt8 ? 1 : width / PackedRows.Group), nameof(scales));
    }
}
