using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Rge.Server.Serving;

/// <summary>Tells what has gone wrong in a store.</summary>
internal static class StoreFailure
{
    private const int SqliteFull = 13;
    private const string PostgresDiskFull = "53100";

    /// <summary>Whether an error, or what caused it, says that the store's disk is full.</summary>
    public static bool IsDiskFull(Exception? error)
    {
        for (; error is not null; error = error.InnerException)
            if (error is SqliteException { SqliteErrorCode: SqliteFull } or DbException { SqlState: PostgresDiskFull }) return true;
        return false;
    }
}
