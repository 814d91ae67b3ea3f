namespace Rge.Data.Mmeb;

/// <summary>Columns of texts, or of lists of texts, that were read from a file.</summary>
internal sealed class Table
{
    private readonly IReadOnlyDictionary<string, IReadOnlyList<string?[]>> _columns;

    /// <summary>Creates a table.</summary>
    /// <param name="path">The file, for errors.</param>
    /// <param name="count">How many rows there are.</param>
    /// <param name="columns">The columns that are there; a cell is the values of its list, or one value.</param>
    public Table(string path, int count, IReadOnlyDictionary<string, IReadOnlyList<string?[]>> columns) => (Path, Count, _columns) = (path, count, columns);

    public string Path { get; }

    public int Count { get; }

    public bool Has(string column) => _columns.ContainsKey(column);

    /// <summary>Reads columns of a file: Parquet, JSON Lines, or JSON whose top level is a list.</summary>
    /// <exception cref="DatasetException">The file cannot be read, or one of the columns has no texts.</exception>
    public static async Task<Table> ReadAsync(string path, IReadOnlyCollection<string> columns, CancellationToken cancellationToken)
    {
        try
        {
            return System.IO.Path.GetExtension(path) switch
            {
                ".parquet" => await ParquetTable.ReadAsync(path, columns, cancellationToken),
                ".jsonl" or ".json" => await JsonTable.ReadAsync(path, columns, cancellationToken),
                var other => throw new DatasetException($"{path} ends in '{other}', expected .parquet, .jsonl or .json."),
            };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DatasetException($"{path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The only value of a cell; null where it, or the column, is missing or empty.</summary>
    public string? Text(int row, string column) => Texts(row, column) switch
    {
        [] => null,
        [var text] => text is { Length: > 0 } ? text : null,
        { Length: var length } => throw Error(row, $"{column} has {length} values, expected one"),
    };

    /// <summary>The values of a cell; none where the column is missing.</summary>
    public string?[] Texts(int row, string column) => _columns.TryGetValue(column, out var cells) ? cells[row] : [];

    public DatasetException Error(int row, string problem) => new($"{Path}, row {row + 1}: {problem}.");
}
