using System.Text;
using Mistral.Ilgpu.Checkpoints.Files;
using Mistral.Ilgpu.Checkpoints.HuggingFace;
using Xunit;

namespace Mistral.Ilgpu.Tests.Checkpoints;

/// <summary>The header of a safetensors file must describe that file exactly.</summary>
public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Header_OfTwoTensors_GivesTheirPlaces()
    {
        string header = $"{{\"__metadata__\":{{\"format\":\"pt\"}},{Tensor("b", 4, 12)},{Tensor("a", 0, 4)}}}";
        using var source = Write(header, dataBytes: 12);
        long data = 8 + header.Length;
        Assert.Equal(
            [("a", "F32", data, 4L), ("b", "F32", data + 4, 8L)],
            SafetensorsFile.ReadHeader(source).Select(tensor => (tensor.Name, tensor.Type, tensor.Offset, tensor.Length)));
    }

    [Theory]
    [InlineData(0, 4, 4, 8, 9, "found")]
    [InlineData(0, 4, 4, 8, 7, "truncated")]
    [InlineData(0, 4, 0, 8, 8, "overlap")]
    [InlineData(0, 5, 4, 8, 8, "overlap")]
    [InlineData(0, 4, 5, 8, 8, "gap")]
    [InlineData(1, 4, 4, 8, 8, "gap")]
    [InlineData(4, 0, 4, 8, 8, "expected a start and an end after it")]
    [InlineData(-4, 0, 0, 8, 8, "found -4, expected a whole number from 0")]
    [InlineData(0, 4, 4, long.MaxValue, 8, "truncated")]
    public void Header_OffsetsThatDoNotTileTheFile_AreRefused(
        long start, long end, long nextStart, long nextEnd, int dataBytes, string message) =>
        AssertRefused($"{{{Tensor("a", start, end)},{Tensor("b", nextStart, nextEnd)}}}", dataBytes, message);

    [Theory]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", "a: found no dtype")]
    [InlineData("""{"a":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", "dtype: found 7")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", "shape: found nothing")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", "shape: found 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "shape: found -1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,4]}}""", "shape: found 0.5")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", "data_offsets: found nothing")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", "data_offsets: found [0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}""", "data_offsets: found 99999999999999999999")]
    [InlineData("""{"a":[]}""", "a: found []")]
    [InlineData("""{"a":null}""", "a: found null")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{}}""", "a: found twice")]
    [InlineData("[]", "expected an object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("{}", "found 14 bytes, expected 10")]
    public void Header_Malformed_IsRefused(string header, string message) => AssertRefused(header, 4, message);

    [Theory]
    [InlineData(0UL)]
    [InlineData(15UL)]
    [InlineData(100_000_001UL)]
    [InlineData(0x8000_0000_0000_0000UL)]
    [InlineData(ulong.MaxValue)]
    public void Header_LengthOutsideTheFile_IsRefused(ulong length)
    {
        string path = _folder.File("a.safetensors");
        File.WriteAllBytes(path, [.. BitConverter.GetBytes(length), .. "{}"u8, .. new byte[12]]);
        using var source = DiskFile.Open(path);
        Assert.Contains(
            $"header length: found {length}",
            Assert.Throws<ModelFileException>(() => SafetensorsFile.ReadHeader(source)).Message);
    }

    private static string Tensor(string name, long start, long end) =>
        $"\"{name}\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[{start},{end}]}}";

    private DiskFile Write(string header, int dataBytes)
    {
        string path = _folder.File("a.safetensors");
        byte[] json = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)json.Length), .. json, .. new byte[dataBytes]]);
        return DiskFile.Open(path);
    }

    private void AssertRefused(string header, int dataBytes, string message)
    {
        using var source = Write(header, dataBytes);
        string text = Assert.Throws<ModelFileException>(() => SafetensorsFile.ReadHeader(source)).Message;
        Assert.StartsWith(source.Name, text);
        Assert.Contains(message, text);
    }
}
