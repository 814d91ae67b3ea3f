using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Rge.Files;
using Rge.Imaging;

namespace Rge.Data.Mmeb;

/// <summary>
/// Writes datasets in MMEB's form: a folder each with a Parquet file, and the images as PNG under images/. The folder appears when all is
/// written; until then, and when writing fails, there is none. Not thread-safe.
/// </summary>
public sealed class MmebWriter : IDisposable
{
    private const string Images = "images";

    private static readonly JsonSerializerOptions Line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly string _folder,
        _temporary;
    private readonly ConditionalWeakTable<ImageSource, string> _paths = [];
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private bool _isComplete;

    /// <summary>Begins to write.</summary>
    /// <param name="folder">The folder to create; may exist when it is empty.</param>
    /// <exception cref="DatasetException">The folder is not empty, or is a file.</exception>
    public MmebWriter(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(_folder))
            throw new DatasetException($"{_folder} is a file, expected a folder that does not exist yet.");
        if (Directory.Exists(_folder) && Directory.EnumerateFileSystemEntries(_folder).Any())
            throw new DatasetException($"{_folder} is not empty: name a folder that does not exist yet.");
        _temporary = $"{_folder}.{Guid.NewGuid():N}.part";
        Directory.CreateDirectory(Path.Combine(_temporary, Images));
    }

    /// <summary>Writes a dataset for evaluation, and its rationales beside it.</summary>
    /// <param name="dataset">The dataset. Items have one image at most.</param>
    /// <param name="progress">Receives every row.</param>
    /// <param name="cancellationToken">Stops between rows.</param>
    public async Task WriteAsync(EvaluationDataset dataset, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var folder = Directory.CreateDirectory(Path.Combine(_temporary, dataset.Name)).FullName;
        var (queries, targets, rationales) = (new Columns(), new ListColumns(), new StringBuilder());
        foreach (var (i, row) in dataset.Rows.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            queries.Add(Describe(row.Query));
            targets.Add(row.Candidates.Select(Describe));
            rationales.Append(new JsonObject { [MmebColumns.Rationale] = row.Rationale }.ToJsonString(Line)).Append('\n');
            progress?.Report(i + 1);
        }
        await ParquetTable.WriteAsync(
            Path.Combine(folder, MmebColumns.EvaluationFile),
            dataset.Rows.Count,
            [(MmebColumns.QueryText, queries.Texts), (MmebColumns.QueryImage, queries.Images)],
            [(MmebColumns.TargetText, targets.Texts), (MmebColumns.TargetImage, targets.Images)],
            cancellationToken
        );
        if (dataset.Rows.Any(row => row.Rationale is not null))
            AtomicFile.WriteText(Path.Combine(folder, MmebColumns.RationalesFile), rationales.ToString());
    }

    /// <summary>Writes a dataset for training. Negatives are lists, as there may be several.</summary>
    /// <param name="name">Name of the dataset.</param>
    /// <param name="samples">The samples, each with one target; taken one at a time, so that they need not fit in memory.</param>
    /// <param name="progress">Receives every row.</param>
    /// <param name="cancellationToken">Stops between rows.</param>
    public async Task WriteAsync(
        string name,
        IEnumerable<TrainingSample> samples,
        IProgress<int>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(samples);
        var folder = Directory.CreateDirectory(Path.Combine(_temporary, name)).FullName;
        var (queries, positives, negatives) = (new Columns(), new Columns(), new ListColumns());
        var (rationales, keys, negativeKeys) = (new List<string?>(), new List<string?>(), new List<IReadOnlyList<string>>());
        foreach (var sample in samples)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (sample.Targets is not [var target])
                throw new ArgumentException($"{sample.Source} has {sample.Targets.Count} targets, expected one.", nameof(samples));
            queries.Add(Describe(sample.Query));
            positives.Add(Describe(target.Item));
            negatives.Add(sample.Negatives.Select(negative => Describe(negative.Item)));
            rationales.Add(sample.Rationale);
            keys.Add(target.Key);
            negativeKeys.Add([.. sample.Negatives.Select(negative => negative.Key)]);
            progress?.Report(keys.Count);
        }
        await ParquetTable.WriteAsync(
            Path.Combine(folder, MmebColumns.TrainingFile),
            keys.Count,
            [
                (MmebColumns.TrainQueryText, queries.Texts),
                (MmebColumns.TrainQueryImage, queries.Images),
                (MmebColumns.PositiveText, positives.Texts),
                (MmebColumns.PositiveImage, positives.Images),
                (MmebColumns.Rationale, rationales),
                (MmebColumns.PositiveKey, keys),
            ],
            [
                (MmebColumns.NegativeText, negatives.Texts),
                (MmebColumns.NegativeImage, negatives.Images),
                (MmebColumns.NegativeKey, negativeKeys),
            ],
            cancellationToken
        );
    }

    /// <summary>Writes the manifest and gives the folder its name.</summary>
    /// <param name="manifest">Content of manifest.json; "groups" maps the name of each meta-task to its datasets.</param>
    /// <exception cref="DatasetException">Files were added to the folder meanwhile.</exception>
    public void Complete(JsonObject manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        AtomicFile.WriteJson(Path.Combine(_temporary, MmebColumns.ManifestFile), manifest);
        try
        {
            if (Directory.Exists(_folder))
                Directory.Delete(_folder);
            Directory.Move(_temporary, _folder);
        }
        catch (IOException e)
        {
            throw new DatasetException($"{_folder} cannot be made: {e.Message}", e);
        }
        _isComplete = true;
    }

    /// <summary>Removes what was written, unless it is complete.</summary>
    public void Dispose()
    {
        if (!_isComplete && Directory.Exists(_temporary))
            Directory.Delete(_temporary, recursive: true);
    }

    /// <summary>
    /// Text and image path of an item, empty where there is none. The text says where the image stands, as MMEB's readers expect.
    /// </summary>
    private (string Text, string Image) Describe(EmbeddingInput item)
    {
        var text = MmebText.Write(item);
        return item.Images switch
        {
            [] => (text, ""),
            [var image] => (text, Save(image)),
            _ => throw new ArgumentException($"An item has {item.Images.Count} images, expected one at most.", nameof(item)),
        };
    }

    private string Save(ImageSource image)
    {
        if (_paths.TryGetValue(image, out var known))
            return known;
        var pixels = image.Decode();
        var path = $"{Images}/{Name(pixels)}.png";
        if (_written.Add(path))
            File.WriteAllBytes(Path.Combine(_temporary, path), PngEncoder.Encode(pixels));
        _paths.Add(image, path);
        return path;
    }

    /// <summary>Equal images have equal names.</summary>
    private static string Name(RgbImage image)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes<int>([image.Width, image.Height]));
        hash.AppendData(image.Pixels);
        return Convert.ToHexString(hash.GetHashAndReset())[..20].ToLower(CultureInfo.InvariantCulture);
    }

    private sealed class Columns
    {
        public List<string?> Texts { get; } = [];

        public List<string?> Images { get; } = [];

        public void Add((string Text, string Image) item)
        {
            Texts.Add(item.Text);
            Images.Add(item.Image);
        }
    }

    private sealed class ListColumns
    {
        public List<IReadOnlyList<string>> Texts { get; } = [];

        public List<IReadOnlyList<string>> Images { get; } = [];

        public void Add(IEnumerable<(string Text, string Image)> items)
        {
            var all = items.ToArray();
            Texts.Add(Array.ConvertAll(all, item => item.Text));
            Images.Add(Array.ConvertAll(all, item => item.Image));
        }
    }
}
