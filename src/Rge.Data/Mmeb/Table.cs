using Rge.Files;

namespace Rge.Data.Mmeb;

/// <summary>Columns of texts, or of lists of texts, that were read from a file.</summary>
internal sealed class Table
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<string?[]>> _columns;
    private readonly IReadOnlyDictionary<string, string> _others;
    private Table[] _parts = [];

    /// <summary>Creates a table.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="count">How many rows there are.</param>
    /// <param name="columns">The columns that exist; a cell is the values of its list, or one value.</param>
    /// <param name="others">Columns that exist and were not requested, each with the place where it was first seen.</param>
    public Table(
        string path,
        int count,
        IReadOnlyDictionary<string, IReadOnlyList<string?[]>> columns,
        IReadOnlyDictionary<string, string> others
    ) => (Path, Count, _columns, _others) = (path, count, columns, others);

    /// <summary>The file, or the first of several.</summary>
    public string Path { get; }

    public int Count { get; }

    public bool Has(string column) => _columns.ContainsKey(column);

    /// <summary>Sees to it that no column is dropped in silence.</summary>
    /// <param name="ignored">Columns that the user has chosen to ignore.</param>
    /// <param name="understood">The known columns, for the error.</param>
    /// <returns>The columns that were not read: <paramref name="ignored"/> ones, and those that give the origin of a row.</returns>
    /// <exception cref="DatasetException">There is another column.</exception>
    public IReadOnlyList<string> Unread(IReadOnlyCollection<string> ignored, IReadOnlyCollection<string> understood)
    {
        foreach (var (column, place) in _others)
            if (!MmebColumns.Metadata.Contains(column) && !ignored.Contains(column, StringComparer.Ordinal))
                throw new DatasetException(
                    $"{place}: the column {column} is not understood, expected {string.Join(", ", understood)}: rename or remove it, "
                        + $"or leave it out with --ignore-column {column} (in training: data.ignore_columns)."
                );
        return [.. _others.Keys];
    }

    /// <summary>Reads files whose rows follow each other, as large tables are split.</summary>
    /// <exception cref="DatasetException">A file cannot be read, or one of the columns has no texts.</exception>
    public static async Task<Table> ReadAsync(
        IReadOnlyList<string> paths,
        IReadOnlyCollection<string> columns,
        CancellationToken cancellationToken
    )
    {
        var tables = new Table[paths.Count];
        for (var i = 0; i < tables.Length; i++)
            tables[i] = await ReadAsync(paths[i], columns, cancellationToken);
        return tables is [var only] ? only : Join(tables);
    }

    /// <summary>Reads columns of a file: Parquet, JSON Lines, or JSON whose top level is a list.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or one of the columns has no texts.</exception>
    public static async Task<Table> ReadAsync(string path, IReadOnlyCollection<string> columns, CancellationToken cancellationToken)
    {
        try
        {
            FileReader.Require(path);
            if (GitLfsPointer.Is(new FileInfo(path)))
                throw new DatasetException($"{path} is a Git LFS pointer in place of the rows: fetch the files with 'git lfs pull'.");
            return System.IO.Path.GetExtension(path) switch
            {
                ".parquet" => await ParquetTable.ReadAsync(path, columns, cancellationToken),
                ".jsonl" or ".json" => await JsonTable.ReadAsync(path, columns, cancellationToken),
                var other => throw new DatasetException($"{path} ends in '{other}', expected .parquet, .jsonl or .json."),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path} cannot be read: {FileProblem.Of(path, e)}.", e);
        }
    }

    /// <summary>File and number of a row, as errors name it.</summary>
    public string Place(int row)
    {
        foreach (var part in _parts)
        {
            if (row < part.Count)
                return part.Place(row);
            row -= part.Count;
        }
        return $"{Path}, row {row + 1}";
    }

    /// <summary>The only value of a cell; null where it, or the column, is missing or empty.</summary>
    public string? Text(int row, string column) => OptionalText(row, column) is { Length: > 0 } text ? text : null;

    /// <summary>The only value of a cell, which may be empty; null where it, or the column, is missing.</summary>
    public string? OptionalText(int row, string column) =>
        Texts(row, column) switch
        {
            [] => null,
            [var text] => text,
            { Length: var length } => throw Error(row, $"{column} has {length} values, expected one"),
        };

    /// <summary>The values of a cell; none where the column is missing.</summary>
    public string?[] Texts(int row, string column) => _columns.TryGetValue(column, out var cells) ? cells[row] : [];

    public DatasetException Error(int row, string problem) => new($"{Place(row)}: {problem}.");

    private static Table Join(Table[] parts)
    {
        var columns = parts
            .SelectMany(part => part._columns.Keys)
            .Distinct(StringComparer.Ordinal)
            .ToDictionary(
                column => column,
                column =>
                    (IReadOnlyList<string?[]>)
                        [
                            .. parts.SelectMany(part =>
                                part._columns.GetValueOrDefault(column) ?? Enumerable.Repeat<string?[]>([], part.Count)
                            ),
                        ],
                StringComparer.Ordinal
            );
        var others = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (column, place) in parts.SelectMany(part => part._others))
            others.TryAdd(column, place);
        return new Table(parts[0].Path, parts.Sum(part => part.Count), columns, others) { _parts = parts };
    }
}
