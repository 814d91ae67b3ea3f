namespace Rge;

/// <summary>
/// Base of errors in files, checkpoints, items and requests, as opposed to mistakes in the calling code. The message is one
/// sentence for the user: what was found, where, what was expected, what to do.
/// </summary>
public abstract class RgeException : Exception
{
    private bool _namesItem;

    /// <summary>Creates the exception.</summary>
    protected RgeException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    protected RgeException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    protected RgeException() { }

    /// <summary>
    /// Index of the item that failed, among the items of the call; <see langword="null"/> where the error is not about one item.
    /// </summary>
    public int? ItemIndex { get; private set; }

    /// <summary>What went wrong, without the item's index.</summary>
    public string Problem => base.Message;

    /// <summary>What went wrong; starts with the item's index where the call had several items.</summary>
    public override string Message => _namesItem ? $"Item {ItemIndex}: {Problem}" : Problem;

    /// <summary>
    /// A copy of the exception that says which item it is about. One failure may concern several items, each with its own copy.
    /// </summary>
    /// <param name="index">Index of the item in its call, from 0.</param>
    /// <param name="inMessage">Whether the message starts with the index: not where the call has one item.</param>
    public RgeException AtItem(int index, bool inMessage)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        var copy = (RgeException)MemberwiseClone();
        (copy.ItemIndex, copy._namesItem) = (index, inMessage);
        return copy;
    }
}
