using System.ComponentModel;

namespace Rge.Server.Collections;

/// <summary>What has become of items that were sent.</summary>
internal sealed record ItemsAdded(
    [property: Description("Ids of the items in their order; null for one that failed.")] IReadOnlyList<string?> Ids,
    [property: Description("Items that were embedded; the others were there, or several are alike.")] int Embedded,
    IReadOnlyList<ItemFailed> Failed);

/// <summary>An item that cannot be indexed.</summary>
internal sealed record ItemFailed([property: Description("Its place in the request, from 0.")] int Index, string Problem);
