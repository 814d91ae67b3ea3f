using System.Numerics;
using System.Runtime.CompilerServices;
using Rge.Models.Tensors;
using TorchSharp;
using static TorchSharp.torch;

namespace Rge.Models.Kernels;

/// <summary>
/// What a decoding step on the CPU does faster here than through torch's operators. Each kernel has a test that says whether it takes the
/// given tensors; where it does not, or a gradient is wanted, torch's own operators do the same.
/// </summary>
/// <remarks>
/// All take contiguous CPU tensors and compute in float32 whatever the tensors' type, rounding once at the end: at least as exact as the
/// operators they replace. A kernel called with anything else throws <see cref="ArgumentException"/> before an element is read. Methods
/// that return a tensor attach it to the current dispose scope. Safe to use from several threads.
/// </remarks>
internal static unsafe partial class CpuKernels
{
    /// <summary>With more rows torch's own linear is faster: it has the processor's bfloat16 products, which .NET does not reach.</summary>
    public const int MaxLinearRows = DotKernel.MaxRows;

    // Work of about this many elements is worth waking another thread for.
    private const int Grain = 1 << 15;

    // Keeps the kernel's stack below half a megabyte; heads of a real model have 2,048 to 8,192 elements in all.
    private const int MaxAttentionWidth = 1 << 15;

    /// <summary>Off for measurements and tests of the other road.</summary>
    public static bool Enabled { get; set; } = true;

    private static int Step => 2 * Vector<float>.Count;

    /// <summary>True where <see cref="Linear"/> takes x and weight, and is faster than torch.</summary>
    public static bool SupportsLinear(Tensor x, Tensor weight) =>
        IsPlain(x)
        && x.dtype == ScalarType.BFloat16
        && IsPlain(weight)
        && weight.dtype == ScalarType.BFloat16
        && weight.dim() == 2
        && x.dim() > 0
        && x.size(-1) == weight.size(1)
        && x.NumberOfElements > 0
        && x.NumberOfElements <= MaxLinearRows * weight.size(1)
        && weight.size(0) <= int.MaxValue
        && weight.size(1) % DotKernel.WidthMultiple == 0;

    /// <summary>The affine map y = W x + b of a few rows.</summary>
    /// <param name="x">bfloat16 <c>[…, in]</c>, at most <see cref="MaxLinearRows"/> rows in all.</param>
    /// <param name="weight">bfloat16 <c>[out, in]</c>; may lie in a memory-mapped file.</param>
    /// <param name="bias">bfloat16 <c>[out]</c>, or null.</param>
    /// <returns>bfloat16 <c>[…, out]</c></returns>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        Require(SupportsLinear(x, weight), nameof(x));
        Require(
            bias is null || (IsPlain(bias) && bias.dtype == ScalarType.BFloat16 && bias.dim() == 1 && bias.size(0) == weight.size(0)),
            nameof(bias)
        );
        int inputs = (int)weight.size(1),
            outputs = (int)weight.size(0),
            rows = (int)(x.NumberOfElements / inputs);
        var y = EmptyWithWidth(x, outputs);
        ThreadTeam.For(
            outputs,
            LinearGrain(inputs),
            new LinearBody
            {
                Weight = Pointer<BFloat16>(weight),
                Bias = bias is null ? null : Pointer<BFloat16>(bias),
                Input = Pointer<BFloat16>(x),
                Output = Pointer<BFloat16>(y),
                Rows = rows,
                InputWidth = inputs,
                OutputWidth = outputs,
            }
        );
        return y;
    }

    /// <summary>The inner half of a gated MLP, y = silu(G x) · (U x), of a few rows.</summary>
    /// <param name="x">As <see cref="Linear"/>.</param>
    /// <param name="gate">bfloat16 <c>[out, in]</c>.</param>
    /// <param name="up">bfloat16 <c>[out, in]</c>.</param>
    /// <returns>bfloat16 <c>[…, out]</c></returns>
    public static Tensor GatedLinear(Tensor x, Tensor gate, Tensor up)
    {
        Require(SupportsLinear(x, gate), nameof(gate));
        Require(SupportsLinear(x, up) && up.size(0) == gate.size(0), nameof(up));
        int inputs = (int)gate.size(1),
            outputs = (int)gate.size(0),
            rows = (int)(x.NumberOfElements / inputs);
        var y = EmptyWithWidth(x, outputs);
        ThreadTeam.For(
            outputs,
            LinearGrain(inputs),
            new GatedBody
            {
                Gate = Pointer<BFloat16>(gate),
                Up = Pointer<BFloat16>(up),
                Input = Pointer<BFloat16>(x),
                Output = Pointer<BFloat16>(y),
                Rows = rows,
                InputWidth = inputs,
                OutputWidth = outputs,
            }
        );
        return y;
    }

    /// <summary>True where <see cref="SiluProduct"/> takes both.</summary>
    public static bool SupportsSiluProduct(Tensor gate, Tensor up) =>
        IsPlain(gate)
        && IsElement(gate.dtype)
        && IsPlain(up)
        && up.dtype == gate.dtype
        && up.NumberOfElements == gate.NumberOfElements
        && gate.NumberOfElements % Step == 0
        && gate.NumberOfElements <= int.MaxValue;

    /// <summary>silu(gate) · up, element by element.</summary>
    /// <param name="gate">bfloat16 or float32, a multiple of two vectors' worth of elements.</param>
    /// <param name="up">As many elements of the same type.</param>
    /// <returns>Shape and type of gate.</returns>
    public static Tensor SiluProduct(Tensor gate, Tensor up)
    {
        Require(SupportsSiluProduct(gate, up), nameof(gate));
        var y = empty_like(gate);
        if (gate.dtype == ScalarType.BFloat16)
            Run<BFloat16>();
        else
            Run<Float32>();
        return y;

        void Run<T>()
            where T : unmanaged, IElement<T> =>
            ThreadTeam.For(
                (int)gate.NumberOfElements / Step,
                Grain / Step,
                new SiluProductBody<T>
                {
                    Gate = Pointer<T>(gate),
                    Up = Pointer<T>(up),
                    Output = Pointer<T>(y),
                }
            );
    }

    /// <summary>True where <see cref="RmsNorm"/> takes x and weight.</summary>
    public static bool SupportsRmsNorm(Tensor x, Tensor weight) =>
        IsPlain(x)
        && (x.dtype == weight.dtype || x.dtype == ScalarType.Float32)
        && IsPlain(weight)
        && IsElement(weight.dtype)
        && weight.dim() == 1
        && x.dim() > 0
        && x.size(-1) == weight.size(0)
        && weight.size(0) > 0
        && weight.size(0) % Step == 0
        && x.NumberOfElements <= int.MaxValue;

    /// <summary>x / √(mean(x²) + ε) · (offset + weight) over the last dimension.</summary>
    /// <param name="x"><c>[…, width]</c>, float32 or of the weight's type.</param>
    /// <param name="weight">bfloat16 or float32 <c>[width]</c>.</param>
    /// <param name="epsilon">Added under the root.</param>
    /// <param name="offset">Added to each weight, in float32.</param>
    /// <returns>Shape of x, type of the weight.</returns>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon, double offset = 0)
    {
        Require(SupportsRmsNorm(x, weight), nameof(x));
        var y = empty_like(x, weight.dtype);
        if (x.dtype == ScalarType.BFloat16)
            Run<BFloat16, BFloat16>();
        else if (weight.dtype == ScalarType.BFloat16)
            Run<Float32, BFloat16>();
        else
            Run<Float32, Float32>();
        return y;

        void Run<TInput, TOutput>()
            where TInput : unmanaged, IElement<TInput>
            where TOutput : unmanaged, IElement<TOutput>
        {
            var width = (int)weight.size(0);
            ThreadTeam.For(
                (int)(x.NumberOfElements / width),
                Math.Max(1, Grain / width),
                new RmsNormBody<TInput, TOutput>
                {
                    Input = Pointer<TInput>(x),
                    Weight = Pointer<TOutput>(weight),
                    Output = Pointer<TOutput>(y),
                    Width = width,
                    Epsilon = (float)epsilon,
                    Offset = (float)offset,
                }
            );
        }
    }

    /// <summary>True where <see cref="Rotate"/> takes x and the table.</summary>
    public static bool SupportsRotate(Tensor x, Tensor cos, Tensor sin)
    {
        return IsPlain(x)
            && IsElement(x.dtype)
            && x.dim() == 3
            && x.NumberOfElements is > 0 and <= int.MaxValue
            && IsTable(cos)
            && IsTable(sin)
            && cos.size(-1) == sin.size(-1);

        bool IsTable(Tensor table) => IsPlain(table) && table.dtype == ScalarType.Float32 && HasAnglesOf(table, x);
    }

    /// <summary>True where a table has the angles of as many tokens as x, and no more of them than fit its heads.</summary>
    internal static bool HasAnglesOf(Tensor table, Tensor x) =>
        table.dim() >= 2
        && table.size(0) == x.size(0)
        && table.NumberOfElements == table.size(0) * table.size(-1)
        && 2 * table.size(-1) <= x.size(2);

    /// <summary>Turns each pair (x[i], x[i + half]) by its angle, in place.</summary>
    /// <param name="x">bfloat16 or float32 <c>[N, heads, headDim]</c>; overwritten.</param>
    /// <param name="cos">Cosines, float32, N × half, half at most headDim/2.</param>
    /// <param name="sin">Sines, float32, N × half, half at most headDim/2.</param>
    public static void Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        Require(SupportsRotate(x, cos, sin), nameof(x));
        if (x.dtype == ScalarType.BFloat16)
            Run<BFloat16>();
        else
            Run<Float32>();

        void Run<T>()
            where T : unmanaged, IElement<T>
        {
            int heads = (int)x.size(1),
                headDim = (int)x.size(2);
            ThreadTeam.For(
                (int)x.size(0),
                Math.Max(1, Grain / (heads * headDim)),
                new RotaryBody<T>
                {
                    Input = Pointer<T>(x),
                    Output = Pointer<T>(x),
                    InputStride = heads * headDim,
                    Direction = 1,
                    Cos = Pointer<float>(cos),
                    Sin = Pointer<float>(sin),
                    Heads = heads,
                    HeadDim = headDim,
                    Half = (int)cos.size(-1),
                }
            );
        }
    }

    // A thread's share of weights: small enough that the threads end together, large enough to be read as a stream.
    private static int LinearGrain(int inputs) => Math.Max(2, (1 << 16) / inputs & ~1);

    private static Tensor EmptyWithWidth(Tensor x, int width)
    {
        var shape = x.shape;
        shape[^1] = width;
        return empty(shape, x.dtype);
    }

    private static bool IsPlain(Tensor x) => IsOurs(x) && x.is_contiguous();

    private static bool IsOurs(Tensor x) => Enabled && x.device_type == DeviceType.CPU && !(is_grad_enabled() && x.requires_grad);

    private static bool IsElement(ScalarType type) => type is ScalarType.BFloat16 or ScalarType.Float32;

    private static T* Pointer<T>(Tensor tensor)
        where T : unmanaged => (T*)TensorPointer.Of(tensor);

    private static void Require(bool condition, string parameter, [CallerArgumentExpression(nameof(condition))] string expected = "")
    {
        if (!condition)
            throw new ArgumentException($"The kernel does not take this tensor; it wants {expected}.", parameter);
    }
}
