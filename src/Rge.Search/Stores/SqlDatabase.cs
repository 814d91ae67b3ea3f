using System.Data.Common;
using Microsoft.Extensions.VectorData;

namespace Rge.Search.Stores;

/// <summary>
/// A database that collections are kept in: connections, transactions, and the few things that SQLite and PostgreSQL say differently.
/// Thread-safe.
/// </summary>
/// <param name="systemName">What the system is called in telemetry: sqlite or postgresql.</param>
/// <param name="name">What errors call the database: a file, or a host and a name; never a password.</param>
internal abstract class SqlDatabase(string systemName, string name) : IDisposable
{
    /// <summary>
    /// Version of the schema. Stores without a number are of version 0, which has fewer tables.
    /// </summary>
    public const int SchemaVersion = 1;

    /// <summary>
    /// Called with a sentence when a call has to wait for something outside this process; <see langword="null"/> for none.
    /// </summary>
    public IProgress<string>? Waiting { get; set; }

    public string SystemName { get; } = systemName;

    public string Name { get; } = name;

    /// <summary>Seconds since 1970 by the database's own clock, as an expression.</summary>
    public abstract string Now { get; }

    /// <summary>Names of all tables, as a query.</summary>
    public abstract string TableNames { get; }

    /// <summary>Whether a table is internal to the store, not a collection.</summary>
    public virtual bool IsOwnTable(string name) => name == SqlWorkClaims.Table;

    /// <summary>A statement for the beginning of a transaction that makes or drops tables: one such transaction at a time.</summary>
    public abstract string LockSchema { get; }

    /// <summary>Runs work in one transaction.</summary>
    /// <remarks>A connection that turns out to be broken is replaced once, so the work may be started twice.</remarks>
    /// <exception cref="VectorStoreException">The database refuses or cannot be reached.</exception>
    public async Task<T> RunAsync<T>(bool writes, Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TransactAsync(writes, work, cancellationToken);
            }
            catch (DbException e) when (e.IsTransient && attempt == 1) { }
            catch (DbException e)
            {
                throw Failure(e);
            }
        }
    }

    /// <summary>The exception that callers get for an error of the database.</summary>
    public VectorStoreException Failure(DbException error) =>
        Describe(error) is var (problem, sentence) && problem is { } known
            ? Failure(known, sentence, error)
            : new VectorStoreException(sentence ?? $"The store {Name} failed: {error.Message.TrimEnd('.')}.", error)
            {
                VectorStoreSystemName = SystemName,
                VectorStoreName = Name,
            };

    /// <summary>Stores the version of the schema; part of the transaction that makes a table.</summary>
    public abstract Task MarkSchemaAsync(DbConnection connection, CancellationToken cancellationToken);

    /// <summary>The reason of an error, where it is a known one, and what to say instead of the database's own words.</summary>
    protected abstract (StoreProblem? Problem, string? Sentence) Describe(DbException error);

    /// <summary>Refuses schemas of newer versions.</summary>
    /// <exception cref="StoreException">The version is newer.</exception>
    protected void RequireKnown(long version)
    {
        if (version > SchemaVersion)
            throw Failure(
                StoreProblem.TooNew,
                $"The store {Name} has version {version}, but this program knows versions up to {SchemaVersion}: use a newer program, "
                    + "or another store.",
                innerException: null
            );
    }

    protected StoreException Failure(StoreProblem problem, string? sentence, Exception? innerException) =>
        new(sentence ?? $"The store {Name} failed.", innerException)
        {
            Problem = problem,
            VectorStoreSystemName = SystemName,
            VectorStoreName = Name,
        };

    /// <summary>Runs statements of one transaction.</summary>
    public Task ExecuteAsync(IEnumerable<string> statements, CancellationToken cancellationToken) =>
        RunAsync(
            writes: true,
            async connection =>
            {
                foreach (var statement in statements)
                {
                    await using var command = Command(connection, statement);
                    await command.ExecuteNonQueryAsync(cancellationToken);
                }
                return true;
            },
            cancellationToken
        );

    /// <summary>Reads the first column of a query.</summary>
    public Task<List<T>> ReadAsync<T>(string query, object?[] parameters, CancellationToken cancellationToken) =>
        RunAsync(
            writes: false,
            async connection =>
            {
                await using var command = Command(connection, query, parameters);
                await using var reader = await command.ExecuteReaderAsync(cancellationToken);
                var values = new List<T>();
                while (await reader.ReadAsync(cancellationToken))
                    values.Add(await reader.GetFieldValueAsync<T>(0, cancellationToken));
                return values;
            },
            cancellationToken
        );

    /// <summary>A command with parameters @p0, @p1 ….</summary>
    public DbCommand Command(DbConnection connection, string text, params IEnumerable<object?> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = text;
        foreach (var (i, value) in parameters.Index())
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = ($"p{i}", value is null ? DBNull.Value : ToParameter(value));
            command.Parameters.Add(parameter);
        }
        return command;
    }

    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>The column type of a property's type.</summary>
    public abstract string ColumnType(Type type);

    /// <summary>The column type of a vector.</summary>
    public abstract string VectorType(int dimensions);

    /// <summary>Whether a list in a column has a value, as a condition.</summary>
    public abstract string Contains(string column, string parameter);

    /// <summary>
    /// Whether a list of tags has one with a prefix whose rest compares with a value, as a condition; see <see cref="MetadataRange"/>.
    /// </summary>
    /// <param name="column">The list.</param>
    /// <param name="prefix">A parameter: the key and <c>=</c>.</param>
    /// <param name="sign">The comparison.</param>
    /// <param name="value">A parameter: a number or a text.</param>
    /// <param name="isNumber">Whether numbers are compared, else texts that are not numbers.</param>
    public abstract string TagInRange(string column, string prefix, string sign, string value, bool isNumber);

    /// <summary>The value of a property for a stored value.</summary>
    public abstract object FromColumn(object value, Type type);

    protected abstract object ToParameter(object value);

    protected abstract Task<T> TransactAsync<T>(bool writes, Func<DbConnection, Task<T>> work, CancellationToken cancellationToken);

    public abstract void Dispose();
}
