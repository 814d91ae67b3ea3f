using System.Security.Cryptography;
using System.Text;

namespace Rge.Search.Collections;

/// <summary>A file or a row in which an item was found; an item stays in a collection as long as one is left.</summary>
internal sealed class PlaceRecord
{
    /// <summary>Hash of source and name.</summary>
    public string Id { get; set; } = "";

    /// <summary>Name of the source.</summary>
    public string Source { get; set; } = "";

    /// <summary>Its name within the source.</summary>
    public string Name { get; set; } = "";

    /// <summary>Changes when the file or row changes.</summary>
    public string Stamp { get; set; } = "";

    /// <summary>Id of the item; empty where none is stored yet.</summary>
    public string Item { get; set; } = "";

    /// <summary>Id of the item that is replacing it; null when done.</summary>
    public string? Pending { get; set; }

    /// <summary>The file, as the record of the item has it.</summary>
    public string? Path { get; set; }

    /// <summary>The ids of its present item and of the one replacing it.</summary>
    public IEnumerable<string> Items => ((string?[])[Item, Pending]).OfType<string>().Where(item => item.Length > 0);

    /// <summary>Hash of source and name.</summary>
    public static string IdOf(string source, string name) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{source}\n{name}")))[..32];
}
