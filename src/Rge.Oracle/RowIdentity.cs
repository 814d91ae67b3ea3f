using System.Runtime.InteropServices;

namespace Rge.Oracle;

/// <summary>What an entry of a journal is about.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="Row">Place of the row in it, from 1.</param>
/// <param name="Key">Changes with what the entry depends on.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RowIdentity(string Dataset, int Row, string Key);
