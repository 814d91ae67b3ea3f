using Rge.Models;
using SkiaSharp;
using static TorchSharp.torch;

namespace Rge.Cli.Tests;

/// <summary>A random checkpoint and some images on disk, made once for the tests of a class.</summary>
public sealed class TinyCheckpoint : IDisposable
{
    public TinyCheckpoint()
        : this(seed: 3) { }

    internal TinyCheckpoint(int seed)
    {
        RandomCheckpoint.Write(Model, ModelShape.Tiny, seed, ScalarType.Float32);
        Directory.CreateDirectory(Images);
        foreach (var (i, color) in ((SKColor[])[SKColors.Red, SKColors.Green, SKColors.Blue]).Index())
        {
            using var bitmap = new SKBitmap(56 + 28 * i, 84);
            bitmap.Erase(color);
            using var png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
            using var file = File.Create(Image(i));
            png.SaveTo(file);
        }
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("rge-cli-").FullName;

    public string Model => Path.Combine(Folder, "model");

    public string Images => Path.Combine(Folder, "pictures");

    public string Image(int index) => Path.Combine(Images, $"picture-{index}.png");

    public string PathOf(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
