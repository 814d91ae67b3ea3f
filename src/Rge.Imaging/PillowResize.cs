using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rge.Imaging;

/// <summary>
/// Bicubic resizing with antialiasing on 8-bit pixels, equal to Pillow's (version 13) to the last bit: one pass along rows and one along
/// columns, each with integer weights of 22 fractional bits, rounded and clipped to bytes in between. Stateless and thread-safe.
/// </summary>
public static class PillowResize
{
    /// <summary>
    /// Fractional bits of a weight: 32 less 8 of the pixel, 1 for the sign and 1 for sums that exceed a byte until clipped.
    /// </summary>
    private const int Precision = 32 - 8 - 2;

    private const int Half = 1 << (Precision - 1);

    /// <summary>The cubic kernel reaches 2 source pixels to either side when enlarging.</summary>
    private const double Support = 2;

    /// <summary>Resizes an image.</summary>
    /// <param name="image">The image; returned itself when it already has the size.</param>
    /// <param name="width">New width, at least 1.</param>
    /// <param name="height">New height, at least 1.</param>
    public static RgbImage Bicubic(RgbImage image, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (width == image.Width)
            return height == image.Height ? image : Columns(image, height);
        if (height == image.Height)
            return Rows(image, width);
        return ColumnsFirst(image, width, height) ? Rows(Columns(image, height), width) : Columns(Rows(image, width), height);
    }

    /// <summary>
    /// Since version 13 Pillow starts with the columns when the height loses much more than the width. Rounding in
    /// between makes the two orders differ: by a level here and there on photographs, by more on noise.
    /// </summary>
    private static bool ColumnsFirst(RgbImage image, int width, int height) =>
        height < image.Height && image.Height - height > 2 * (image.Width - width);

    /// <summary>The weights of each output pixel along one axis.</summary>
    private readonly record struct Kernel(int[] First, int[] Count, int[] Weights, int Taps)
    {
        public ReadOnlySpan<int> Of(int position) => Weights.AsSpan(position * Taps, Count[position]);
    }

    private static Kernel MakeKernel(int from, int to)
    {
        var scale = (double)from / to;
        var spread = Math.Max(scale, 1);
        var support = Support * spread;
        var taps = (int)Math.Ceiling(support) * 2 + 1;
        var kernel = new Kernel(new int[to], new int[to], new int[checked(to * taps)], taps);
        var weights = new double[taps];
        for (var position = 0; position < to; position++)
        {
            var centre = (position + 0.5) * scale;
            var first = Math.Max((int)(centre - support + 0.5), 0);
            var count = Math.Min((int)(centre + support + 0.5), from) - first;
            var sum = 0.0;
            for (var tap = 0; tap < count; tap++)
                sum += weights[tap] = Cubic((tap + first - centre + 0.5) * (1 / spread));
            for (var tap = 0; tap < count; tap++)
                kernel.Weights[position * taps + tap] = Round(weights[tap] / sum);
            kernel.First[position] = first;
            kernel.Count[position] = count;
        }
        return kernel;
    }

    /// <summary>Keys' cubic with a = -1/2.</summary>
    private static double Cubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * A
            : 0;
    }

    private static int Round(double weight) => (int)(weight * (1 << Precision) + (weight < 0 ? -0.5 : 0.5));

    /// <summary>Along rows: one pixel at a time, its channels side by side in a vector.</summary>
    private static RgbImage Rows(RgbImage image, int width)
    {
        var kernel = MakeKernel(image.Width, width);
        var (fromStride, toStride) = (image.Width * RgbImage.Channels, width * RgbImage.Channels);
        var resized = GC.AllocateUninitializedArray<byte>(checked(image.Height * toStride));
        for (var y = 0; y < image.Height; y++)
        {
            var row = image.Pixels.AsSpan(y * fromStride, fromStride);
            // Each pixel is read with the byte behind it; only the image's last pixel has none.
            if (y == image.Height - 1)
                row = (byte[])[.. row, 0];
            ref var from = ref MemoryMarshal.GetReference(row);
            ref var to = ref MemoryMarshal.GetReference(resized.AsSpan(y * toStride, toStride));
            for (var x = 0; x < width; x++)
            {
                ref var pixel = ref Unsafe.Add(ref from, kernel.First[x] * RgbImage.Channels);
                var sum = Vector128.Create(Half);
                foreach (var weight in kernel.Of(x))
                {
                    sum += Widen(Unsafe.ReadUnaligned<uint>(ref pixel)) * weight;
                    pixel = ref Unsafe.Add(ref pixel, RgbImage.Channels);
                }
                sum = Vector128.Clamp(sum >> Precision, Vector128<int>.Zero, Vector128.Create(255));
                ref var result = ref Unsafe.Add(ref to, x * RgbImage.Channels);
                result = (byte)sum[0];
                Unsafe.Add(ref result, 1) = (byte)sum[1];
                Unsafe.Add(ref result, 2) = (byte)sum[2];
            }
        }
        return new RgbImage(width, image.Height, resized) { Name = image.Name };
    }

    private static Vector128<int> Widen(uint bytes) =>
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(bytes).AsByte())).AsInt32();

    /// <summary>Along columns: every byte of a row has the same weight, so the row is one long vector.</summary>
    private static RgbImage Columns(RgbImage image, int height)
    {
        var kernel = MakeKernel(image.Height, height);
        var stride = image.Width * RgbImage.Channels;
        var resized = GC.AllocateUninitializedArray<byte>(checked(height * stride));
        for (var y = 0; y < height; y++)
        {
            var rows = image.Pixels.AsSpan(kernel.First[y] * stride);
            var weights = kernel.Of(y);
            var result = resized.AsSpan(y * stride, stride);
            var x = 0;
            for (; x <= stride - Vector<byte>.Count; x += Vector<byte>.Count)
            {
                Vector<int> a = new(Half),
                    b = a,
                    c = a,
                    d = a;
                for (var tap = 0; tap < weights.Length; tap++)
                {
                    Vector.Widen(new Vector<byte>(rows[(tap * stride + x)..]), out var low, out var high);
                    Vector.Widen(low, out var p, out var q);
                    Vector.Widen(high, out var r, out var s);
                    a += Vector.AsVectorInt32(p) * weights[tap];
                    b += Vector.AsVectorInt32(q) * weights[tap];
                    c += Vector.AsVectorInt32(r) * weights[tap];
                    d += Vector.AsVectorInt32(s) * weights[tap];
                }
                Vector.Narrow(Vector.Narrow(Clip(a), Clip(b)), Vector.Narrow(Clip(c), Clip(d))).CopyTo(result[x..]);
            }
            for (; x < stride; x++)
            {
                var sum = Half;
                for (var tap = 0; tap < weights.Length; tap++)
                    sum += rows[tap * stride + x] * weights[tap];
                result[x] = (byte)Math.Clamp(sum >> Precision, 0, 255);
            }
        }
        return new RgbImage(image.Width, height, resized) { Name = image.Name };
    }

    private static Vector<uint> Clip(Vector<int> sum) =>
        Vector.AsVectorUInt32(Vector.Min(Vector.Max(sum >> Precision, Vector<int>.Zero), new Vector<int>(255)));
}
