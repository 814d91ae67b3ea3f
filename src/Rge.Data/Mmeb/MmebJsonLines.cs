using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;

namespace Rge.Data.Mmeb;

/// <summary>
/// Writes training rows as JSON Lines in MMEB's form: a row a line, images as paths into the folder they already lie in.
/// </summary>
public static class MmebJsonLines
{
    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes rows that <see cref="MmebReader.ReadTrainingAsync"/> reads back as they are.</summary>
    /// <param name="path">The file; it is written completely or does not exist.</param>
    /// <param name="samples">The rows, taken one at a time. Items have one image at most, each from a file.</param>
    /// <param name="imageFolder">The folder that image paths count from.</param>
    public static void WriteTraining(string path, IEnumerable<TrainingSample> samples, string imageFolder)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentException.ThrowIfNullOrEmpty(imageFolder);
        var folder = Path.GetFullPath(imageFolder);
        AtomicFile.Write(path, stream =>
        {
            foreach (var sample in samples)
                stream.Write(Encoding.UTF8.GetBytes(Row(sample, folder).ToJsonString(Line) + "\n"));
        });
    }

    private static JsonObject Row(TrainingSample sample, string imageFolder)
    {
        var row = new JsonObject
        {
            [MmebColumns.TrainQueryText] = MmebText.Write(sample.Query),
            [MmebColumns.TrainQueryImage] = Image(sample.Query),
        };
        Add(sample.Targets, MmebColumns.PositiveText, MmebColumns.PositiveImage, MmebColumns.PositiveKey);
        Add(sample.Negatives, MmebColumns.NegativeText, MmebColumns.NegativeImage, MmebColumns.NegativeKey);
        row[MmebColumns.Rationale] = sample.Rationale;
        return row;

        void Add(IReadOnlyList<TargetItem> targets, string textColumn, string imageColumn, string keyColumn)
        {
            if (targets.Count == 0)
                return;
            row[textColumn] = Cell(targets.Select(target => MmebText.Write(target.Item)));
            row[imageColumn] = Cell(targets.Select(target => Image(target.Item)));
            if (targets.Any(target => target.Key != MmebReader.KeyOf(target.Item)))
                row[keyColumn] = Cell(targets.Select(target => target.Key));
        }

        string Image(EmbeddingInput item) =>
            item.Images switch
            {
                [] => "",
                [var image] => Path.GetRelativePath(imageFolder, image.Name).Replace('\\', '/'),
                _ => throw new ArgumentException(
                    $"{sample.Source} has an item with {item.Images.Count} images, expected one at most.",
                    nameof(sample)
                ),
            };
    }

    /// <summary>One value stands alone, as in MMEB's own files; several are a list.</summary>
    private static JsonNode Cell(IEnumerable<string> values) =>
        values.ToArray() is [var single] ? single : new JsonArray([.. values.Select(value => (JsonNode)value)]);
}
