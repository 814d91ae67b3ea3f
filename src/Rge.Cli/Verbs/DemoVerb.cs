using System.CommandLine;
using Rge.Models;
using SkiaSharp;
using static TorchSharp.torch;

namespace Rge.Cli.Verbs;

/// <summary><c>rge demo</c>: one ranking from end to end on what is at hand, and the command line that does it.</summary>
internal static class DemoVerb
{
    private const string Question = "Find a picture of the same kind of thing:";

    public static Command Create(Terminal terminal)
    {
        var folder = new Option<DirectoryInfo>("--folder")
        {
            Description = "Where a checkpoint and pictures are written when none are at hand.",
            DefaultValueFactory = _ => new DirectoryInfo(Path.Combine("artifacts", "demo")),
        };
        var command = new Command("demo", "Rank pictures by a picture, from end to end, with an untrained checkpoint: shows every step and how to call it.") { folder };
        command.SetAction((parsed, cancellationToken) =>
        {
            var scratch = parsed.GetRequiredValue(folder).FullName;
            var (model, source) = FindModel(scratch, cancellationToken);
            var pictures = FindPictures(scratch);
            string[] files = [.. Directory.EnumerateFiles(pictures).Order(StringComparer.Ordinal)];
            string[] line = ["rank", "--model", Shown(model), "--instruction", Question, "--image", Shown(files[files.Length / 2]), "--candidates", Shown(pictures), "--max-rationale-tokens", "24", "--top", "5"];
            terminal.Remark($"The checkpoint, {source}, was never trained: its rationale is a jumble of tokens and its ranking means nothing yet. The steps are those of a trained one:");
            terminal.RawOutput.WriteLine($"./rge {string.Join(' ', line.Select(Quoted))}\n");
            return RgeCommand.RunAsync(line, terminal, cancellationToken);
        });
        return command;
    }

    /// <summary>The reference checkpoint beside the repository, else a random one that is written once.</summary>
    private static (string Folder, string Source) FindModel(string scratch, CancellationToken cancellationToken)
    {
        if (Beside("golden", "qwen2_5_vl", "model") is { } reference) return (reference, "the tiny one of the reference vectors");
        var folder = Path.Combine(scratch, "tiny");
        if (!File.Exists(Path.Combine(folder, QwenVlConfig.FileName))) RandomCheckpoint.Write(folder, ModelShape.Tiny, seed: 0, ScalarType.BFloat16, cancellationToken: cancellationToken);
        return (folder, "a tiny one with random weights");
    }

    /// <summary>The photographs beside the repository, else a few drawings that are made once.</summary>
    private static string FindPictures(string scratch)
    {
        if (Beside("data", "photos") is { } photographs) return photographs;
        var folder = Path.Combine(scratch, "pictures");
        Directory.CreateDirectory(folder);
        foreach (var (name, color) in ((string, SKColor)[])[("red", SKColors.Red), ("green", SKColors.Green), ("blue", SKColors.Blue), ("orange", SKColors.Orange)])
            foreach (var shape in (string[])["circle", "square"])
                Draw(Path.Combine(folder, $"{name}-{shape}.png"), color, shape == "circle");
        return folder;
    }

    private static void Draw(string path, SKColor color, bool circle)
    {
        using var bitmap = new SKBitmap(112, 112);
        using var canvas = new SKCanvas(bitmap);
        using var paint = new SKPaint { Color = color, IsAntialias = true };
        canvas.Clear(SKColors.White);
        if (circle) canvas.DrawCircle(56, 56, 36, paint);
        else canvas.DrawRect(22, 22, 68, 68, paint);
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        AtomicFile.Write(path, png.SaveTo);
    }

    /// <summary>A folder of the shared data beside the repository that the program is run in; null where there is none.</summary>
    private static string? Beside(params string[] parts)
    {
        var path = Path.Combine(["..", "shared", .. parts]);
        return Directory.Exists(path) ? path : null;
    }

    private static string Shown(string path) => Path.GetRelativePath(Environment.CurrentDirectory, path);

    private static string Quoted(string argument) => argument.Contains(' ', StringComparison.Ordinal) ? $"\"{argument}\"" : argument;
}
