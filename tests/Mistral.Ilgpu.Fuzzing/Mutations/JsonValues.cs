using System.Text;

namespace Mistral.Ilgpu.Fuzzing.Mutations;

/// <summary>Values to put in the place of others: numbers at limits, broken texts, other types, nested and huge ones.</summary>
internal static class JsonValues
{
    private static readonly byte[][] Plain =
    [
        .. new[]
        {
            "0", "-0", "1", "-1", "2", "16", "256", "1.5", "2.0", "1e2", "0.1", "2147483646", "2147483647", "2147483648",
            "-2147483648", "4294967295", "4294967296",
            "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551615",
            "18446744073709551616", "100000000", "4194304", "4194303",
            "268435456", "1073741824", "1e18", "1e308", "1e309", "-1e400", "1e-400", "1e-45", "3.5e38", "9007199254740993",
            "1E+2147483648", "0x10", "01", "NaN", "Infinity", "-",
            "true", "false", "null", "\"\"", "[]", "{}", "[null]", "[[]]", "[{}]", "{\"\":{}}", "\" \"", "\"a\"", "\"0\"",
            "\"2\"", "\"<unk>\"", "\"<s>\"", "\"</s>\"", "\"<0x41>\"",
            "\"\\u0000\"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"a\\ud83d\"", "\"\\ud83d\\ude00\"", "\"\\uFFFF\"",
            "\"\\n\\r\\u2028\"", "\"\u2581\"", "\"..\"", "\"/\"", "\"a\\u0000b\"", "\"CON\"",
            "\"(\"",
            "\"[\"", "\"(a+)+$\"", "\"(.*)*x\"", "\"(?:\\\\s+)+$\"", "\"a{2147483647}\"", "\"(?:a{1000}){1000}\"",
            "\"\\\\p{Xx}\"", "\"(?i)\\\\p{L}\"", "\"\\\\1\"", "\"(?<=a*)b\"", "\"x*\"", "\"\\\\\"",
            "\"BPE\"", "\"ByteLevel\"", "\"system\"", "\"user\"", "\"assistant\"", "\"tool\"", "\"F32\"", "\"BF16\"",
            "\"I8\"", "\"mistral\"", "\"llama\"", "\"sliding_attention\"",
            "[1,2.5]", "[0,18446744073709551615]", "[9223372036854775807,9223372036854775807]", "[0,0]", "[1,-1]",
            "[4294967296,4294967296]", "[2147483648,2147483648,2147483648]",
            "//", "/**/1", "\"unterminated", "\"a\tb\"", "{\"a\":1,\"a\":2}", "[1,]", "\uFEFF1",
        }.Select(Encoding.UTF8.GetBytes),
        [(byte)'"', 0xFF, (byte)'"'],
        [(byte)'"', 0xED, 0xA0, 0x80, (byte)'"'],
        [(byte)'"', 0xC0, 0x80, (byte)'"'],
        [0],
    ];

    public static byte[] Pick(FuzzRandom random) => random.Next(64) switch
    {
        0 => Nested(random, "[", "]"),
        1 => Nested(random, "{\"a\":", "}"),
        2 => Encoding.UTF8.GetBytes($"\"{new string("a(\u2581é"[random.Next(4)], Size(random, 1 << 17))}\""),
        3 => Encoding.UTF8.GetBytes(new string('9', Size(random, 1 << 12))),
        4 => Encoding.UTF8.GetBytes($"0.{new string('0', Size(random, 1 << 12))}1"),
        5 => Encoding.UTF8.GetBytes($"[{Repeat(random.OneIn(2) ? "0," : "\"a\",", Size(random, 1 << 12))}0]"),
        _ => random.Pick(Plain),
    };

    // Around 64 levels System.Text.Json stops; parsers that recurse stop later, at the end of the stack.
    private static byte[] Nested(FuzzRandom random, string open, string close)
    {
        int depth = random.OneIn(8) ? Size(random, 1 << 15) : 50 + random.Next(30);
        return Encoding.UTF8.GetBytes($"{Repeat(open, depth)}1{Repeat(close, random.OneIn(8) ? 0 : depth)}");
    }

    private static string Repeat(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    private static int Size(FuzzRandom random, int most) => 1 + random.Next(random.OneIn(16) ? most : 400);
}
