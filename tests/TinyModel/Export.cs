using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace Mistral.Ilgpu.TinyModel;

/// <summary>Writes and reads the weights as safetensors: bf16 for the model that ships.</summary>
public static class Export
{
    public static void Save(TinyTransformer model, string path)
    {
        using var noGradient = no_grad();
        var header =
            new SortedDictionary<string, object> { ["__metadata__"] = new Dictionary<string, string> { ["format"] = "pt" } };
        using var data = new MemoryStream();
        foreach (var (name, parameter) in model.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            long from = data.Length;
            foreach (float value in parameter.data<float>().ToArray())
            {
                uint bits = BitConverter.SingleToUInt32Bits(value);
                ushort rounded = (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
                data.WriteByte((byte)rounded);
                data.WriteByte((byte)(rounded >> 8));
            }

            header[name] = new Dictionary<string, object>
            {
                ["dtype"] = "BF16",
                ["shape"] = parameter.shape,
                ["data_offsets"] = new[] { from, data.Length },
            };
        }

        byte[] json = JsonSerializer.SerializeToUtf8Bytes(header);
        int padded = (json.Length + 7) / 8 * 8;
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)padded));
        file.Write(json);
        file.Write(Enumerable.Repeat((byte)' ', padded - json.Length).ToArray());
        data.WriteTo(file);
    }

    public static void Load(TinyTransformer model, string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int length = (int)BitConverter.ToInt64(file);
        using var header = JsonDocument.Parse(file.AsMemory(8, length));
        using var noGradient = no_grad();
        foreach (var (name, parameter) in model.Parameters)
        {
            long from = header.RootElement.GetProperty(name).GetProperty("data_offsets")[0].GetInt64() + 8 + length;
            float[] values = new float[parameter.numel()];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(file, (int)from + (2 * i)) << 16);
            }

            parameter.copy_(tensor(values, parameter.shape));
        }
    }
}
