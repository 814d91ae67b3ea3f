using System.Text.Json;
using Rge.Files;

namespace Rge.Data.Mmeb;

/// <summary>
/// Reads rows in MMEB's form, for evaluation and for training, from Parquet, JSON Lines or JSON. Images are not opened before they are
/// embedded. Items with equal text and image become one instance, also across files of the same reader. Not thread-safe.
/// </summary>
/// <param name="imageFolder">The folder that image paths count from.</param>
/// <param name="queryRules">How the texts of queries are rewritten; they stay unchanged when left out.</param>
/// <param name="candidateRules">How the texts of candidates are rewritten; they stay unchanged when left out.</param>
public sealed class MmebReader(string imageFolder, InstructionRules? queryRules = null, InstructionRules? candidateRules = null)
{
    private const long MaxManifestBytes = 1 << 20;

    private static readonly string[] Extensions = [".parquet", ".jsonl", ".json"];

    private readonly string _imageFolder = Path.GetFullPath(imageFolder);
    private readonly InstructionRules _queryRules = queryRules ?? InstructionRules.None,
        _candidateRules = candidateRules ?? InstructionRules.None;
    private readonly Dictionary<string, ImageSource> _images = new(StringComparer.Ordinal);
    private readonly Dictionary<(string? Text, string? Image), EmbeddingInput> _targets = [];

    /// <summary>
    /// Columns to ignore. Other unknown columns are an error, except those that only give the origin of a row.
    /// </summary>
    public IReadOnlyCollection<string> IgnoredColumns { get; init; } = [];

    /// <summary>
    /// Lists the datasets of a folder without reading them: each a folder with files test*.parquet, test*.jsonl or test*.json in it.
    /// </summary>
    /// <param name="folder">The folder. A manifest.json in it, as <c>rge world</c> writes it, gives the meta-tasks of the datasets
    /// to.</param>
    /// <returns>The datasets by name, those of a manifest in its order.</returns>
    /// <exception cref="DatasetException">The folder does not exist or has no datasets, or one has files of several kinds.</exception>
    public static IReadOnlyList<MmebSubset> FindEvaluation(string folder) => [.. Find(folder, ["test"], datasets: null)];

    /// <summary>
    /// Lists the datasets of a folder of training rows without reading them: each a folder with files train* or original*, as MMEB-train
    /// calls them.
    /// </summary>
    /// <inheritdoc cref="FindEvaluation" path="/param"/>
    /// <inheritdoc cref="FindEvaluation" path="/returns"/>
    /// <inheritdoc cref="FindEvaluation" path="/exception"/>
    public static IReadOnlyList<MmebSubset> FindTraining(string folder) => [.. Find(folder, ["train", "original"], datasets: null)];

    /// <summary>Reads every dataset of a folder: each a folder with files test*.parquet, test*.jsonl or test*.json in it.</summary>
    /// <param name="folder">The folder. A manifest.json in it, as <c>rge world</c> writes it, gives the meta-tasks of the datasets
    /// to.</param>
    /// <param name="imageFolder">The folder that image paths count from; <paramref name="folder"/> when left out.</param>
    /// <param name="datasets">Names of the datasets to read; all when left out.</param>
    /// <param name="ignoredColumns">As <see cref="IgnoredColumns"/>; none when left out.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <returns>The datasets by name, those of a manifest in its order.</returns>
    /// <exception cref="DatasetException">A file or row cannot be used, or a dataset does not exist.</exception>
    public static async Task<IReadOnlyList<EvaluationDataset>> ReadEvaluationFolderAsync(
        string folder,
        string? imageFolder = null,
        IReadOnlyCollection<string>? datasets = null,
        IReadOnlyCollection<string>? ignoredColumns = null,
        CancellationToken cancellationToken = default
    )
    {
        var reader = new MmebReader(imageFolder ?? folder) { IgnoredColumns = ignoredColumns ?? [] };
        var result = new List<EvaluationDataset>();
        foreach (var subset in Find(folder, ["test"], datasets))
            result.Add(await reader.ReadEvaluationAsync(subset, cancellationToken));
        return result;
    }

    /// <summary>
    /// Reads every dataset of a folder for training: each a folder with files train*.parquet, train*.jsonl or train*.json in it, or
    /// original*, as MMEB-train calls them.
    /// </summary>
    /// <inheritdoc cref="ReadEvaluationFolderAsync" path="/param"/>
    /// <returns>The samples, dataset by dataset.</returns>
    /// <exception cref="DatasetException">A file or row cannot be used, or a dataset does not exist.</exception>
    public static async Task<IReadOnlyList<TrainingSample>> ReadTrainingFolderAsync(
        string folder,
        string? imageFolder = null,
        IReadOnlyCollection<string>? datasets = null,
        IReadOnlyCollection<string>? ignoredColumns = null,
        CancellationToken cancellationToken = default
    )
    {
        var reader = new MmebReader(imageFolder ?? folder) { IgnoredColumns = ignoredColumns ?? [] };
        var result = new List<TrainingSample>();
        foreach (var subset in Find(folder, ["train", "original"], datasets))
        foreach (var file in subset.Files)
            result.AddRange(await reader.ReadTrainingAsync(file, subset.Name, cancellationToken));
        return result;
    }

    /// <summary>
    /// Reads rows for evaluation: <c>qry_text</c>, <c>qry_img_path</c>, and the lists <c>tgt_text</c> and <c>tgt_img_path</c>, of which the
    /// first is right. Empty means missing. Instructions in columns of their own, <c>qry_inst</c> and <c>tgt_inst</c> of MMEB-V2,
    /// become the beginning of the text. Rationales come from a column <c>rationale</c>, or from rationales.jsonl beside the file.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="name">Name of the dataset.</param>
    /// <param name="group">The meta-task it belongs to; MMEB's own subsets are known when left out.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="DatasetException">The file or a row cannot be used.</exception>
    public Task<EvaluationDataset> ReadEvaluationAsync(
        string path,
        string name,
        string? group = null,
        CancellationToken cancellationToken = default
    ) => ReadEvaluationAsync(new MmebSubset(name, group ?? MmebBenchmark.GroupOf(name), [path]), cancellationToken);

    /// <summary>
    /// Reads a subset for evaluation, as <see cref="ReadEvaluationAsync(string, string, string?, CancellationToken)"/> does.
    /// </summary>
    /// <param name="subset">The subset.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="DatasetException">A file or row cannot be used.</exception>
    public async Task<EvaluationDataset> ReadEvaluationAsync(MmebSubset subset, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subset);
        var name = subset.Name;
        var table = await Table.ReadAsync(subset.Files, MmebColumns.Evaluation, cancellationToken);
        if (table.Count == 0)
            throw new DatasetException($"{table.Path} has no rows, expected the form of MMEB's evaluation sets.");
        if (!table.Has(MmebColumns.TargetText) && !table.Has(MmebColumns.TargetImage))
            throw new DatasetException(
                $"{table.Path} has no column {MmebColumns.TargetText} or {MmebColumns.TargetImage}, expected the form of MMEB's "
                    + "evaluation sets."
            );
        var unread = table.Unread(IgnoredColumns, MmebColumns.Evaluation);
        var rationales = await ReadRationalesAsync(table, cancellationToken);
        var rows = new EvaluationRow[table.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = new EvaluationRow
            {
                Source = table.Place(i),
                Query = Query(table, i, ItemColumns.Query, text => _queryRules.Apply(name, text)),
                Candidates = Items(table, i, ItemColumns.Candidates, text => _candidateRules.Apply(name, text)),
                Rationale = rationales.OptionalText(i, MmebColumns.Rationale),
            };
            if (rows[i].Candidates.Count == 0)
                throw table.Error(i, $"{MmebColumns.TargetText} and {MmebColumns.TargetImage} are empty, expected candidates");
        }
        return new EvaluationDataset(name, subset.Group, rows) { UnreadColumns = unread };
    }

    /// <summary>
    /// Reads rows for training: <c>qry</c>, <c>qry_image_path</c>, <c>pos_text</c>, <c>pos_image_path</c>, <c>neg_text</c>,
    /// <c>neg_image_path</c>, <c>rationale</c>. Positives and negatives may be lists, negatives also as Python writes lists into a text.
    /// Instructions from <c>qry_inst</c>, <c>pos_inst</c> and <c>neg_inst</c> become the beginning of the text. Keys of targets come from
    /// <c>pos_key</c> and <c>neg_key</c>; without them, what is equal in text and image has equal keys.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="dataset">Name of the dataset.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="DatasetException">The file or a row cannot be used.</exception>
    public async Task<IReadOnlyList<TrainingSample>> ReadTrainingAsync(
        string path,
        string dataset,
        CancellationToken cancellationToken = default
    )
    {
        var table = await Table.ReadAsync(path, MmebColumns.Training, cancellationToken);
        if (!table.Has(MmebColumns.TrainQueryText) && !table.Has(MmebColumns.TrainQueryImage))
            throw new DatasetException(
                $"{path} has no column {MmebColumns.TrainQueryText} or {MmebColumns.TrainQueryImage}, expected the form of MMEB's "
                    + "training sets."
            );
        table.Unread(IgnoredColumns, MmebColumns.Training);
        var samples = new TrainingSample[table.Count];
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = new TrainingSample
            {
                Dataset = dataset,
                Source = $"{path}, row {i + 1}",
                Query = Query(table, i, ItemColumns.TrainingQuery, text => _queryRules.Apply(dataset, text)),
                Rationale = table.OptionalText(i, MmebColumns.Rationale),
                Targets = Targets(table, i, dataset, ItemColumns.Positives, MmebColumns.PositiveKey),
                Negatives = Targets(table, i, dataset, ItemColumns.Negatives, MmebColumns.NegativeKey),
            };
            if (samples[i] is { Targets: [], Rationale: null or "" })
                throw table.Error(i, "there is no target and no rationale, so that there is nothing to learn");
        }
        return samples;
    }

    private async Task<Table> ReadRationalesAsync(Table table, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(table.Path))!, MmebColumns.RationalesFile);
        if (table.Has(MmebColumns.Rationale) || !File.Exists(path))
            return table;
        var rationales = await Table.ReadAsync(path, [MmebColumns.Rationale], cancellationToken);
        rationales.Unread(IgnoredColumns, [MmebColumns.Rationale]);
        if (rationales.Count != table.Count)
            throw new DatasetException($"{path} has {rationales.Count} rows, expected {table.Count} as in {table.Path}.");
        return rationales;
    }

    private EmbeddingInput Query(Table table, int row, ItemColumns columns, Func<string, string> rewrite)
    {
        var image = Cell(table, row, columns.Image, isList: false) switch
        {
            [] => null,
            [var path] => path is { Length: > 0 } ? path : null,
            { Length: var length } => throw table.Error(row, $"{columns.Image} has {length} values, expected one"),
        };
        var text = Rewrite(MmebText.Join(table.Text(row, columns.Instruction), table.Text(row, columns.Text)), rewrite);
        if (text is null && image is null)
            throw table.Error(row, $"{columns.Text} and {columns.Image} are empty, expected a text or an image");
        return new EmbeddingInput { Role = ItemRole.Query, Content = MmebText.Read(text, image is null ? null : Image(table, row, image)) };
    }

    /// <summary>The targets of a row. A pair in which both are empty stands for none, as MMEB has it where there is no negative.</summary>
    private List<EmbeddingInput> Items(Table table, int row, ItemColumns columns, Func<string, string> rewrite)
    {
        var images = Cell(table, row, columns.Image, columns.AreLists);
        // Where the images of a row are a list that was written as text, so are its texts.
        var areLists = columns.AreLists || images.Length != table.Texts(row, columns.Image).Length;
        var (texts, instructions) = (Cell(table, row, columns.Text, areLists), Cell(table, row, columns.Instruction, areLists));
        var count = Math.Max(texts.Length, images.Length);
        if (texts.Length > 0 && images.Length > 0 && texts.Length != images.Length)
            throw table.Error(row, $"{columns.Text} has {texts.Length} values and {columns.Image} has {images.Length}, expected as many");
        if (instructions.Length > 1 && instructions.Length != count)
            throw table.Error(
                row,
                $"{columns.Instruction} has {instructions.Length} values, expected one or as many as there are targets, {count}"
            );
        var items = new List<EmbeddingInput>(count);
        for (var i = 0; i < count; i++)
        {
            var (text, image) = (At(texts, i), At(images, i));
            if (text is not null || image is not null)
                items.Add(
                    Target(table, row, Rewrite(MmebText.Join(At(instructions, instructions.Length == 1 ? 0 : i), text), rewrite), image)
                );
            else if (count > 1 && columns != ItemColumns.Negatives)
                throw table.Error(
                    row,
                    $"value {i + 1} of {columns.Text} and {columns.Image} is empty, expected a text or an "
                        + $"image{(i == 0 ? ": the first is the right one" : "")}"
                );
        }
        return items;

        static string? At(string?[] values, int index) => index < values.Length && values[index] is { Length: > 0 } value ? value : null;
    }

    /// <summary>The values of a cell, also where they are a list that was written as text.</summary>
    /// <param name="table">The rows.</param>
    /// <param name="row">The row.</param>
    /// <param name="column">The column.</param>
    /// <param name="isList">Whether several values are expected. A path that looks like a list is one in any case; a text may have brackets
    /// of its own.</param>
    private static string?[] Cell(Table table, int row, string column, bool isList)
    {
        var values = table.Texts(row, column);
        if (values is not [{ } only] || !PythonList.IsLikely(only))
            return values;
        if (!isList && column is not (MmebColumns.QueryImage or MmebColumns.TrainQueryImage or MmebColumns.PositiveImage))
            return values;
        return PythonList.TryRead(only, out var list, out var problem)
            ? list
            : throw table.Error(row, $"{column} looks like a list that was written as text, but {problem}");
    }

    private static string? Rewrite(string? text, Func<string, string> rewrite)
    {
        if (text is not null)
            text = rewrite(text);
        return text is { Length: > 0 } ? MmebText.Normalize(text) : null;
    }

    private List<TargetItem> Targets(Table table, int row, string dataset, ItemColumns columns, string keyColumn)
    {
        var (items, keys) = (
            Items(table, row, columns, text => _candidateRules.Apply(dataset, text)),
            Cell(table, row, keyColumn, columns.AreLists)
        );
        if (keys.Length > 0 && keys.Length != items.Count)
            throw table.Error(row, $"{keyColumn} has {keys.Length} values, expected {items.Count}");
        return [.. items.Select((item, i) => new TargetItem(item, (keys.Length > 0 ? keys[i] : null) ?? KeyOf(item)))];
    }

    /// <summary>The key of a target that the file gives none.</summary>
    internal static string KeyOf(EmbeddingInput item) => $"{MmebText.Format(item)}\n{(item.Images.Count > 0 ? item.Images[0].Name : "")}";

    private EmbeddingInput Target(Table table, int row, string? text, string? image)
    {
        if (!_targets.TryGetValue((text, image), out var target))
            _targets.Add(
                (text, image),
                target = new EmbeddingInput
                {
                    Role = ItemRole.Target,
                    Content = MmebText.Read(text, image is null ? null : Image(table, row, image)),
                }
            );
        return target;
    }

    private ImageSource Image(Table table, int row, string path)
    {
        if (_images.TryGetValue(path, out var image))
            return image;
        // Data from elsewhere has no business outside the folder.
        if (path.Contains('\0', StringComparison.Ordinal) || !IsInside(Path.GetFullPath(Path.Combine(_imageFolder, path))))
            throw table.Error(row, $"the image path '{path}' leads out of {_imageFolder}, expected one inside");
        _images.Add(path, image = ImageSource.FromFile(Path.GetFullPath(Path.Combine(_imageFolder, path))));
        return image;

        bool IsInside(string full) =>
            Path.GetRelativePath(_imageFolder, full) is var way
            && !Path.IsPathRooted(way)
            && way.Split(Path.DirectorySeparatorChar)[0] != "..";
    }

    private static IEnumerable<MmebSubset> Find(string folder, IReadOnlyList<string> prefixes, IReadOnlyCollection<string>? datasets)
    {
        if (FileProblem.OfFolder(folder) is { } problem)
            throw new DatasetException(problem);
        var groups = ReadGroups(Path.Combine(folder, MmebColumns.ManifestFile));
        var found = new List<MmebSubset>();
        foreach (var subfolder in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
        {
            var name = Path.GetFileName(subfolder);
            if (datasets?.Contains(name, StringComparer.Ordinal) == false)
                continue;
            string[][] kinds =
            [
                .. from prefix in prefixes
                from extension in Extensions
                select Directory.EnumerateFiles(subfolder, $"{prefix}*{extension}").Order(StringComparer.Ordinal).ToArray() into files
                where files.Length > 0
                select files,
            ];
            if (kinds is [var first, var second, ..])
                throw new DatasetException(
                    $"{subfolder} has {Path.GetFileName(first[0])} and {Path.GetFileName(second[0])}, expected the rows once."
                );
            if (kinds is [var only])
                found.Add(new MmebSubset(name, groups.GetValueOrDefault(name) ?? MmebBenchmark.GroupOf(name), only));
        }
        var expected = string.Join(" or ", prefixes.Select(prefix => $"{prefix}*.parquet, .jsonl or .json"));
        if (datasets?.FirstOrDefault(name => found.TrueForAll(dataset => dataset.Name != name)) is { } missing)
            throw new DatasetException($"{folder} has no dataset {missing}: {Path.Combine(folder, missing)} has no file {expected}.");
        if (found.Count == 0)
            throw new DatasetException($"{folder} has no datasets, expected folders with files {expected}.{Hint(folder, prefixes)}");
        var order = groups.Keys.Index().ToDictionary(pair => pair.Item, pair => pair.Index, StringComparer.Ordinal);
        return found.OrderBy(dataset => order.GetValueOrDefault(dataset.Name, int.MaxValue));
    }

    /// <summary>Where the files may be instead.</summary>
    private static string Hint(string folder, IReadOnlyList<string> prefixes)
    {
        if (Rows(folder) is { } here)
            return $" It has {Path.GetFileName(here)} itself: name the folder above it.";
        string[] subfolders = [.. Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal)];
        if (
            Array.Find(subfolders, subfolder => Directory.EnumerateDirectories(subfolder).Any(inner => Rows(inner) is not null)) is
            { } inside
        )
            return $" The folders in {inside} are some: name that.";
        if (
            subfolders
                .Select(subfolder =>
                    Directory
                        .EnumerateFiles(subfolder)
                        .FirstOrDefault(file => Extensions.Contains(Path.GetExtension(file), StringComparer.Ordinal))
                )
                .OfType<string>()
                .FirstOrDefault() is
            { } other
        )
            return $" There is {other}, whose name does not begin so.";
        return "";

        string? Rows(string place) =>
            prefixes
                .SelectMany(prefix => Extensions.SelectMany(extension => Directory.EnumerateFiles(place, $"{prefix}*{extension}")))
                .FirstOrDefault();
    }

    /// <summary>The meta-task of each dataset that a manifest names, in its order.</summary>
    private static OrderedDictionary<string, string> ReadGroups(string path)
    {
        if (!File.Exists(path))
            return new(StringComparer.Ordinal);
        if (new FileInfo(path).Length > MaxManifestBytes)
            throw new DatasetException($"{path} has more than {MaxManifestBytes} bytes.");
        try
        {
            return JsonFile.Parse(FileReader.ReadBytes(path), new ManifestJsonErrors(path), Groups);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
        catch (JsonException e)
        {
            throw new DatasetException($"{path} is not valid JSON, expected groups with lists of datasets. {e.Message}", e);
        }

        static OrderedDictionary<string, string> Groups(JsonField manifest)
        {
            var groups = new OrderedDictionary<string, string>(StringComparer.Ordinal);
            foreach (var (group, names) in manifest.Object()["groups"].Members())
            foreach (var name in names.IsList ? names.Items() : throw names.Unexpected("a list of datasets"))
                if (!groups.TryAdd(name.Text(), group))
                    throw name.Error($"is {name.Show()}, which is there twice, expected each dataset once");
            return groups;
        }
    }
}
