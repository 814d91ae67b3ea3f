namespace Rge.Server.Images;

/// <summary>An image cannot be fetched from an address, whichever item of a request names it.</summary>
/// <param name="reason">Why, as the end of a sentence.</param>
/// <param name="innerException">What revealed it.</param>
internal sealed class ImageRefusedException(string reason, Exception? innerException = null) : Exception(reason, innerException);
