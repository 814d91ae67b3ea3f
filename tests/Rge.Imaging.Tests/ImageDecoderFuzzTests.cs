using CsCheck;

namespace Rge.Imaging.Tests;

/// <summary>Broken images give our exception or pixels of the size the limits allow, whatever the damage.</summary>
public sealed class ImageDecoderFuzzTests
{
    private static readonly ImageLimits Limits = new() { MaxPixels = 1 << 20 };

    public static TheoryData<string> Names => [.. PillowReference.Read().Images.Where(p => !p.Upright).Select(p => p.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Every_truncation(string name)
    {
        var file = File(name);
        for (var length = 0; length < file.Length; length++)
            Try(file[..length]);
    }

    [Theory, MemberData(nameof(Names))]
    public void Flipped_bits(string name)
    {
        var file = File(name);
        var flips = Gen.Frequency((1, Gen.Int[0, Math.Min(file.Length, 64) - 1]), (1, Gen.Int[0, file.Length - 1]))
            .Select(Gen.Int[0, 7])
            .Array[1, 6];
        flips.Sample(
            damage =>
            {
                var broken = (byte[])file.Clone();
                foreach (var (position, bit) in damage)
                    broken[position] ^= (byte)(1 << bit);
                Try(broken);
            },
            iter: 300
        );
    }

    [Theory, MemberData(nameof(Names))]
    public void Replaced_and_removed_bytes(string name)
    {
        var file = File(name);
        var edits =
            from start in Gen.Int[0, file.Length - 1]
            from removed in Gen.Int[0, 40]
            from added in Gen.Frequency((2, Gen.Byte), (1, Gen.Const((byte)0)), (1, Gen.Const((byte)0xFF))).Array[0, 40]
            select (byte[])[.. file[..start], .. added, .. file[Math.Min(file.Length, start + removed)..]];
        edits.Sample(Try, iter: 300);
    }

    private static byte[] File(string name) => PillowReference.Read().Images.Single(p => p.Name == name).File;

    private static void Try(byte[] bytes)
    {
        try
        {
            var image = ImageDecoder.Decode(bytes, "broken", Limits, new ImageOptions { ExifOrientation = true });
            Assert.InRange(image.Width * image.Height, 1, Limits.MaxPixels);
        }
        catch (ImageInputException e)
        {
            Assert.StartsWith("broken", e.Message, StringComparison.Ordinal);
        }
    }
}
