using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rge.Data.Mmeb;

/// <summary>
/// Reads rows in MMEB's form, for evaluation and for training, from Parquet, JSON Lines or JSON. Pictures are not opened before they are
/// embedded. What is equal in text and picture becomes one instance, also across files that the same reader reads. Not thread-safe.
/// </summary>
/// <param name="imageFolder">The folder that picture paths count from.</param>
public sealed class MmebReader(string imageFolder)
{
    private const long MaxManifestBytes = 1 << 20;

    private static readonly string[] Extensions = [".parquet", ".jsonl", ".json"];

    private readonly string _imageFolder = Path.GetFullPath(imageFolder);
    private readonly Dictionary<string, ImageSource> _images = new(StringComparer.Ordinal);
    private readonly Dictionary<(string? Text, string? Image), EmbeddingInput> _targets = [];

    /// <summary>Reads every dataset of a folder: each a folder with a file test*.parquet, test*.jsonl or test*.json in it.</summary>
    /// <param name="folder">The folder. A manifest.json in it, as <c>rge world</c> writes it, says which meta-tasks the datasets belong to.</param>
    /// <param name="imageFolder">The folder that picture paths count from; <paramref name="folder"/> when left out.</param>
    /// <param name="datasets">Names of the datasets to read; all when left out.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The datasets by name, those of a manifest in its order.</returns>
    /// <exception cref="DatasetException">A file or row cannot be used, or a dataset is not there.</exception>
    public static async Task<IReadOnlyList<EvaluationDataset>> ReadEvaluationFolderAsync(
        string folder, string? imageFolder = null, IReadOnlyCollection<string>? datasets = null, CancellationToken cancellationToken = default)
    {
        var reader = new MmebReader(imageFolder ?? folder);
        var result = new List<EvaluationDataset>();
        foreach (var (name, group, path) in Find(folder, "test", datasets)) result.Add(await reader.ReadEvaluationAsync(path, name, group, cancellationToken));
        return result;
    }

    /// <summary>Reads every dataset of a folder for training: each a folder with a file train*.parquet, train*.jsonl or train*.json in it.</summary>
    /// <inheritdoc cref="ReadEvaluationFolderAsync" path="/param"/>
    /// <returns>The samples, dataset by dataset.</returns>
    /// <exception cref="DatasetException">A file or row cannot be used, or a dataset is not there.</exception>
    public static async Task<IReadOnlyList<TrainingSample>> ReadTrainingFolderAsync(
        string folder, string? imageFolder = null, IReadOnlyCollection<string>? datasets = null, CancellationToken cancellationToken = default)
    {
        var reader = new MmebReader(imageFolder ?? folder);
        var result = new List<TrainingSample>();
        foreach (var (name, _, path) in Find(folder, "train", datasets)) result.AddRange(await reader.ReadTrainingAsync(path, name, cancellationToken));
        return result;
    }

    /// <summary>
    /// Reads rows for evaluation: <c>qry_text</c>, <c>qry_img_path</c>, and the lists <c>tgt_text</c> and <c>tgt_img_path</c>, of which the
    /// first is right. Empty stands for missing. Rationales come from a column <c>rationale</c>, or from rationales.jsonl beside the file.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of the dataset.</param>
    /// <param name="group">The meta-task it belongs to; MMEB's own subsets are known when left out.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="DatasetException">The file or a row cannot be used.</exception>
    public async Task<EvaluationDataset> ReadEvaluationAsync(string path, string name, string? group = null, CancellationToken cancellationToken = default)
    {
        var table = await Table.ReadAsync(path, MmebColumns.Evaluation, cancellationToken);
        if (!table.Has(MmebColumns.TargetText) && !table.Has(MmebColumns.TargetImage))
            throw new DatasetException($"{path} has no column {MmebColumns.TargetText} or {MmebColumns.TargetImage}, expected the form of MMEB's evaluation sets.");
        var rationales = await ReadRationalesAsync(table, cancellationToken);
        var rows = new EvaluationRow[table.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = new EvaluationRow
            {
                Source = $"{path}, row {i + 1}",
                Query = Query(table, i, MmebColumns.QueryText, MmebColumns.QueryImage),
                Candidates = Items(table, i, MmebColumns.TargetText, MmebColumns.TargetImage),
                Rationale = rationales.Text(i, MmebColumns.Rationale),
            };
            if (rows[i].Candidates.Count == 0) throw table.Error(i, $"{MmebColumns.TargetText} and {MmebColumns.TargetImage} are empty, expected candidates");
        }
        return new EvaluationDataset(name, group ?? MmebGroups.Of(name), rows);
    }

    /// <summary>
    /// Reads rows for training: <c>qry</c>, <c>qry_image_path</c>, <c>pos_text</c>, <c>pos_image_path</c>, <c>neg_text</c>,
    /// <c>neg_image_path</c>, <c>rationale</c>. Positives and negatives may be lists. Keys of targets come from <c>pos_key</c> and
    /// <c>neg_key</c>; without them, what is equal in text and picture has equal keys.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="dataset">Name of the dataset.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="DatasetException">The file or a row cannot be used.</exception>
    public async Task<IReadOnlyList<TrainingSample>> ReadTrainingAsync(string path, string dataset, CancellationToken cancellationToken = default)
    {
        var table = await Table.ReadAsync(path, MmebColumns.Training, cancellationToken);
        if (!table.Has(MmebColumns.TrainQueryText) && !table.Has(MmebColumns.TrainQueryImage))
            throw new DatasetException($"{path} has no column {MmebColumns.TrainQueryText} or {MmebColumns.TrainQueryImage}, expected the form of MMEB's training sets.");
        var samples = new TrainingSample[table.Count];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = new TrainingSample
            {
                Dataset = dataset,
                Source = $"{path}, row {i + 1}",
                Query = Query(table, i, MmebColumns.TrainQueryText, MmebColumns.TrainQueryImage),
                Rationale = table.Text(i, MmebColumns.Rationale),
                Targets = Targets(table, i, MmebColumns.PositiveText, MmebColumns.PositiveImage, MmebColumns.PositiveKey),
                Negatives = Targets(table, i, MmebColumns.NegativeText, MmebColumns.NegativeImage, MmebColumns.NegativeKey),
            };
            if (samples[i] is { Targets: [], Rationale: null }) throw table.Error(i, "there is no target and no rationale, so that there is nothing to learn");
        }
        return samples;
    }

    private static async Task<Table> ReadRationalesAsync(Table table, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(table.Path))!, MmebColumns.RationalesFile);
        if (table.Has(MmebColumns.Rationale) || !File.Exists(path)) return table;
        var rationales = await Table.ReadAsync(path, [MmebColumns.Rationale], cancellationToken);
        if (rationales.Count != table.Count) throw new DatasetException($"{path} has {rationales.Count} rows, expected {table.Count} as in {table.Path}.");
        return rationales;
    }

    private EmbeddingInput Query(Table table, int row, string textColumn, string imageColumn)
    {
        var (text, image) = (table.Text(row, textColumn), table.Text(row, imageColumn));
        if (text is null && image is null) throw table.Error(row, $"{textColumn} and {imageColumn} are empty, expected a text or a picture");
        return EmbeddingInput.Query(text, image is null ? [] : [Image(table, row, image)]);
    }

    /// <summary>The targets of a row. A pair in which both are empty stands for none, as MMEB has it where there is no negative.</summary>
    private List<EmbeddingInput> Items(Table table, int row, string textColumn, string imageColumn)
    {
        var (texts, images) = (table.Texts(row, textColumn), table.Texts(row, imageColumn));
        if (texts.Length > 0 && images.Length > 0 && texts.Length != images.Length)
            throw table.Error(row, $"{textColumn} has {texts.Length} values and {imageColumn} has {images.Length}, expected as many");
        var items = new List<EmbeddingInput>(Math.Max(texts.Length, images.Length));
        for (var i = 0; i < items.Capacity; i++)
        {
            var (text, image) = (At(texts, i), At(images, i));
            if (text is not null || image is not null) items.Add(Target(table, row, text, image));
            else if (items.Capacity > 1) throw table.Error(row, $"value {i + 1} of {textColumn} and {imageColumn} is empty, expected a text or a picture");
        }
        return items;

        static string? At(string?[] values, int index) => index < values.Length && values[index] is { Length: > 0 } value ? value : null;
    }

    private List<TargetItem> Targets(Table table, int row, string textColumn, string imageColumn, string keyColumn)
    {
        var (items, keys) = (Items(table, row, textColumn, imageColumn), table.Texts(row, keyColumn));
        if (keys.Length > 0 && keys.Length != items.Count) throw table.Error(row, $"{keyColumn} has {keys.Length} values, expected {items.Count}");
        return [.. items.Select((item, i) => new TargetItem(item, (keys.Length > 0 ? keys[i] : null) ?? KeyOf(item)))];
    }

    /// <summary>The key of a target that the file gives none.</summary>
    internal static string KeyOf(EmbeddingInput item) => $"{item.Text}\n{(item.Images.Count > 0 ? item.Images[0].Name : "")}";

    private EmbeddingInput Target(Table table, int row, string? text, string? image)
    {
        if (!_targets.TryGetValue((text, image), out var target))
            _targets.Add((text, image), target = EmbeddingInput.Target(text, image is null ? [] : [Image(table, row, image)]));
        return target;
    }

    private ImageSource Image(Table table, int row, string path)
    {
        if (_images.TryGetValue(path, out var image)) return image;
        // Data from elsewhere has no business outside the folder.
        if (path.Contains('\0', StringComparison.Ordinal) || !IsInside(Path.GetFullPath(Path.Combine(_imageFolder, path))))
            throw table.Error(row, $"the picture path '{path}' leads out of {_imageFolder}, expected one inside");
        _images.Add(path, image = ImageSource.FromFile(Path.GetFullPath(Path.Combine(_imageFolder, path))));
        return image;

        bool IsInside(string full) => Path.GetRelativePath(_imageFolder, full) is var way && !Path.IsPathRooted(way) && way.Split(Path.DirectorySeparatorChar)[0] != "..";
    }

    private static IEnumerable<(string Name, string Group, string Path)> Find(string folder, string prefix, IReadOnlyCollection<string>? datasets)
    {
        if (!Directory.Exists(folder)) throw new DatasetException($"The folder {folder} does not exist.");
        var groups = ReadGroups(Path.Combine(folder, MmebColumns.ManifestFile));
        var found = new List<(string Name, string Group, string Path)>();
        foreach (var subfolder in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(subfolder);
            if (datasets?.Contains(name, StringComparer.Ordinal) == false) continue;
            var files = Extensions.SelectMany(extension => Directory.EnumerateFiles(subfolder, $"{prefix}*{extension}")).Order(StringComparer.Ordinal).ToArray();
            if (files.Length > 1) throw new DatasetException($"{subfolder} has {files.Length} files {prefix}*, expected one.");
            if (files.Length == 1) found.Add((name, groups.GetValueOrDefault(name) ?? MmebGroups.Of(name), files[0]));
        }
        if (datasets?.FirstOrDefault(name => found.TrueForAll(dataset => dataset.Name != name)) is { } missing)
            throw new DatasetException($"{folder} has no dataset {missing}: {Path.Combine(folder, missing)} has no file {prefix}*.parquet, .jsonl or .json.");
        if (found.Count == 0) throw new DatasetException($"{folder} has no datasets, expected folders with a file {prefix}*.parquet, .jsonl or .json.");
        var order = groups.Keys.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        return found.OrderBy(dataset => order.GetValueOrDefault(dataset.Name, int.MaxValue));
    }

    private static OrderedDictionary<string, string> ReadGroups(string path)
    {
        var groups = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        if (!File.Exists(path)) return groups;
        if (new FileInfo(path).Length > MaxManifestBytes) throw new DatasetException($"{path} has more than {MaxManifestBytes} bytes.");
        try
        {
            foreach (var (group, names) in JsonNode.Parse(File.ReadAllBytes(path))?["groups"] as JsonObject ?? [])
                foreach (var name in names!.AsArray()) groups.Add(name!.GetValue<string>(), group);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException or NullReferenceException)
        {
            throw new DatasetException($"{path} is damaged, expected groups with lists of datasets: {e.Message}", e);
        }
        return groups;
    }
}
