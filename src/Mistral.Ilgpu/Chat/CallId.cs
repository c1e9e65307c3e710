using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mistral.Ilgpu.Chat;

/// <summary>Ids of calls that the model gives none: nine letters and digits, as Mistral's formats have them.</summary>
internal static class CallId
{
    private const string Characters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int Length = 9;

    /// <summary>The same id each time, so that the same answer has the same calls.</summary>
    /// <param name="index">The call's place in the answer, which tells equal calls apart.</param>
    public static string Of(int index, string name, string arguments)
    {
        string content = string.Create(CultureInfo.InvariantCulture, $"{index}\0{name}\0{arguments}");
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(content));
        return string.Concat(hash.Take(Length).Select(value => Characters[value % Characters.Length]));
    }
}
