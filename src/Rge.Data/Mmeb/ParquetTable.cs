using Parquet;
using Parquet.Data;
using Parquet.Schema;
using Rge.Files;

namespace Rge.Data.Mmeb;

/// <summary>Reads and writes Parquet files of text columns.</summary>
internal static class ParquetTable
{
    // A column of a damaged file may claim any number of values.
    private const long MaxValues = 1L << 28;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(10),
        ReadTimeoutPerMegabyte = TimeSpan.FromSeconds(0.1);

    /// <summary>Reads columns of texts.</summary>
    /// <remarks>
    /// Design note: some damage makes the library loop forever, and it cannot be stopped. The footer, where most of it is possible,
    /// is checked before; otherwise the read is abandoned when it neither reads from the file nor finishes a column for longer than intact
    /// files take.
    /// </remarks>
    public static async Task<Table> ReadAsync(string path, IReadOnlyCollection<string> columns, CancellationToken cancellationToken)
    {
        await using var file = new WatchedStream(FileReader.Open(path));
        return await FinishAsync(
            path,
            file,
            () => ReadAllAsync(path, file, columns, cancellationToken),
            ReadTimeout + file.Length / (1 << 20) * ReadTimeoutPerMegabyte,
            cancellationToken
        );
    }

    /// <summary>Waits for work on a file for as long as it gets on.</summary>
    /// <param name="path">The file, for the error.</param>
    /// <param name="file">What the work reads from.</param>
    /// <param name="work">The work; runs on a thread of its own, which is lost where it never ends.</param>
    /// <param name="patience">How long it may go without reading.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="DatasetException">The work does not get on.</exception>
    internal static async Task<T> FinishAsync<T>(
        string path,
        WatchedStream file,
        Func<Task<T>> work,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        var running = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        while (true)
        {
            var before = file.Progress;
            try
            {
                return await running.WaitAsync(patience, cancellationToken);
            }
            catch (TimeoutException e) when (!running.IsCompleted)
            {
                if (file.Progress == before)
                    throw new DatasetException(
                        $"{path} cannot be read as Parquet: it is damaged so that reading does not come to an end.",
                        e
                    );
            }
        }
    }

    /// <summary>Writes a file of one row group.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="count">How many rows there are.</param>
    /// <param name="columns">Name and cells of each column, each cell a text or null.</param>
    /// <param name="lists">Name and cells of each column whose cells are lists.</param>
    /// <param name="cancellationToken">Stops between columns.</param>
    public static async Task WriteAsync(
        string path,
        int count,
        IReadOnlyList<(string Name, IReadOnlyList<string?> Cells)> columns,
        IReadOnlyList<(string Name, IReadOnlyList<IReadOnlyList<string>> Cells)> lists,
        CancellationToken cancellationToken
    )
    {
        var plain = columns.Select(column => new DataField<string>(column.Name)).ToArray();
        // "element" is what pyarrow and the format's own documents call a list's values.
        var nested = lists.Select(column => new ListField(column.Name, new DataField<string>("element"))).ToArray();
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        await using var writer = await ParquetWriter.CreateAsync(
            new ParquetSchema([.. plain, .. nested]),
            file,
            cancellationToken: cancellationToken
        );
        using var group = writer.CreateRowGroup();
        foreach (var (field, (name, cells)) in plain.Zip(columns))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Count, count, name);
            await group.WriteAsync(field, [.. cells]);
        }
        foreach (var (field, (name, cells)) in nested.Zip(lists))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Count, count, name);
            await WriteListsAsync(group, (DataField)field.Item, cells, cancellationToken);
        }
    }

    private static async Task<Table> ReadAllAsync(
        string path,
        WatchedStream file,
        IReadOnlyCollection<string> columns,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await ParquetFooter.CheckAsync(file, cancellationToken);
            file.Position = 0;
            await using var reader = await ParquetReader.CreateAsync(file, leaveStreamOpen: true, cancellationToken: cancellationToken);
            var fields = reader.Schema.DataFields.Where(field => columns.Contains(field.Path.FirstPart, StringComparer.Ordinal)).ToArray();
            var others = reader
                .Schema.DataFields.Select(field => field.Path.FirstPart!)
                .Except(columns, StringComparer.Ordinal)
                .ToDictionary(column => column, _ => path, StringComparer.Ordinal);
            if (
                fields.GroupBy(field => field.Path.FirstPart!, StringComparer.Ordinal).FirstOrDefault(parts => parts.Skip(1).Any())?.Key is
                { } nested
            )
                throw new DatasetException($"{path}: {nested} has fields of its own, expected texts or lists of texts.");
            var cells = fields.ToDictionary(field => field.Path.FirstPart!, _ => new List<string?[]>(), StringComparer.Ordinal);
            var count = 0L;
            for (var i = 0; i < reader.RowGroupCount; i++)
            {
                using var group = reader.OpenRowGroupReader(i);
                count += group.RowCount;
                foreach (var field in fields)
                {
                    var column = cells[field.Path.FirstPart!];
                    await AppendAsync(group, field, column, path, cancellationToken);
                    file.Advance();
                    if (column.Count != count)
                        throw new DatasetException($"{path}: {field.Path.FirstPart} has {column.Count} rows, expected {count}.");
                }
            }
            return new Table(
                path,
                (int)count,
                cells.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<string?[]>)pair.Value, StringComparer.Ordinal),
                others
            );
        }
        catch (InvalidDataException e)
        {
            throw new DatasetException($"{path} cannot be read as Parquet: {e.Message}.", e);
        }
        catch (Exception e) when (e is not (DatasetException or OperationCanceledException))
        {
            // Damaged files make the library fail in ways of many types, and its words are about its own workings.
            throw new DatasetException($"{path} cannot be read as Parquet: it is damaged, or of a kind that is not supported.", e);
        }
    }

    private static async Task AppendAsync(
        ParquetRowGroupReader group,
        DataField field,
        List<string?[]> cells,
        string path,
        CancellationToken cancellationToken
    )
    {
        if (
            field.MaxRepetitionLevel > 1
            || field.ClrType != typeof(ReadOnlyMemory<char>)
            || group.GetMetadata(field)?.MetaData is not { } metadata
        )
            throw new DatasetException(
                $"{path}: {field.Path.FirstPart} is of type {field.ClrType.Name}, expected texts or lists of texts."
            );
        if (metadata.NumValues is < 0 or > MaxValues)
            throw new DatasetException($"{path}: {field.Path.FirstPart} has {metadata.NumValues} values, expected at most {MaxValues}.");
        using var raw = await group.ReadRawColumnDataBaseAsync(field, cancellationToken);
        Assemble((RawColumnData<ReadOnlyMemory<char>>)raw, field, (int)metadata.NumValues, cells);
    }

    /// <summary>
    /// Puts values and levels together (Dremel's encoding): a repetition level of 0 begins a row, only the highest definition level has a
    /// value.
    /// </summary>
    private static void Assemble(RawColumnData<ReadOnlyMemory<char>> raw, DataField field, int count, List<string?[]> cells)
    {
        var definition = field.MaxDefinitionLevel > 0 ? raw.DefinitionLevels : [];
        var repetition = field.MaxRepetitionLevel > 0 ? raw.RepetitionLevels : [];
        // A list that is empty or null has an entry all the same, at a level below that of a value that is null.
        var isEmptyBelow = field.MaxRepetitionLevel > 0 ? field.MaxDefinitionLevel - (field.IsNullable ? 1 : 0) : 0;
        var (row, next) = (new List<string?>(), 0);
        for (var i = 0; i < count; i++)
        {
            if (i > 0 && (repetition.IsEmpty || repetition[i] == 0))
            {
                cells.Add([.. row]);
                row.Clear();
            }
            var level = definition.IsEmpty ? field.MaxDefinitionLevel : definition[i];
            if (level == field.MaxDefinitionLevel)
                row.Add(raw.Values[next++].ToString());
            else if (level >= isEmptyBelow)
                row.Add(null);
        }
        if (count > 0)
            cells.Add([.. row]);
    }

    private static async Task WriteListsAsync(
        ParquetRowGroupWriter group,
        DataField field,
        IReadOnlyList<IReadOnlyList<string>> cells,
        CancellationToken cancellationToken
    )
    {
        var (values, definition, repetition) = (new List<ReadOnlyMemory<char>>(), new List<int>(), new List<int>());
        foreach (var cell in cells)
        {
            foreach (var (i, value) in cell.Index())
            {
                values.Add(value.AsMemory());
                definition.Add(field.MaxDefinitionLevel);
                repetition.Add(i == 0 ? 0 : 1);
            }
            if (cell.Count > 0)
                continue;
            // A list that is there and empty: below the repeated part, and below the value, which may be null.
            definition.Add(field.MaxDefinitionLevel - 2);
            repetition.Add(0);
        }
        await group.WriteAllPartsAsync<ReadOnlyMemory<char>>(
            field,
            values.ToArray(),
            definition.ToArray(),
            repetition.ToArray(),
            cancellationToken
        );
    }
}
