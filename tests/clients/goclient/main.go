// minio-go against the server named by AWS_ENDPOINT_URL: what programs do with it, ending with "ok" or the first
// difference.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func check(ok bool, what string) {
	if !ok {
		log.Fatalf("wrong: %s", what)
	}
}

func read(ctx context.Context, client *minio.Client, bucket, key string, options minio.GetObjectOptions) []byte {
	object := must(client.GetObject(ctx, bucket, key, options))
	defer object.Close()
	return must(io.ReadAll(object))
}

func main() {
	ctx := context.Background()
	client := must(minio.New(strings.TrimPrefix(os.Getenv("AWS_ENDPOINT_URL"), "http://"), &minio.Options{
		Creds:           credentials.NewStaticV4(os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY"), ""),
		TrailingHeaders: true,
	}))
	bucket := "go-client"
	if err := client.MakeBucket(ctx, bucket, minio.MakeBucketOptions{}); err != nil {
		log.Fatal(err)
	}
	check(must(client.BucketExists(ctx, bucket)), "BucketExists")

	small := []byte("hello")
	put := must(client.PutObject(ctx, bucket, "dir/small ü", bytes.NewReader(small), int64(len(small)), minio.PutObjectOptions{
		ContentType: "text/plain", UserMetadata: map[string]string{"Color": "blue"}, UserTags: map[string]string{"t": "1"},
	}))
	stat := must(client.StatObject(ctx, bucket, "dir/small ü", minio.StatObjectOptions{}))
	check(stat.ETag == put.ETag && stat.ContentType == "text/plain" && stat.UserMetadata["Color"] == "blue", "StatObject")
	check(bytes.Equal(read(ctx, client, bucket, "dir/small ü", minio.GetObjectOptions{}), small), "GetObject")

	big := make([]byte, 20<<20)
	rand.New(rand.NewSource(1)).Read(big)
	// Of unknown size, so that it is streamed in parts; then in one request. Both carry checksums as trailers.
	must(client.PutObject(ctx, bucket, "dir/streamed", io.MultiReader(bytes.NewReader(big)), -1, minio.PutObjectOptions{PartSize: 8 << 20}))
	must(client.PutObject(ctx, bucket, "dir/big", bytes.NewReader(big), int64(len(big)), minio.PutObjectOptions{
		DisableMultipart: true}))
	for _, key := range []string{"dir/streamed", "dir/big"} {
		check(bytes.Equal(read(ctx, client, bucket, key, minio.GetObjectOptions{}), big), key)
	}
	options := minio.GetObjectOptions{}
	must(0, options.SetRange(100, 199))
	check(bytes.Equal(read(ctx, client, bucket, "dir/big", options), big[100:200]), "range")

	must(client.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: "copy"}, minio.CopySrcOptions{Bucket: bucket, Object: "dir/big"}))
	must(client.ComposeObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: "composed"},
		minio.CopySrcOptions{Bucket: bucket, Object: "dir/big"}, minio.CopySrcOptions{Bucket: bucket, Object: "dir/small ü"}))
	check(bytes.Equal(read(ctx, client, bucket, "composed", minio.GetObjectOptions{}), append(append([]byte{}, big...), small...)), "ComposeObject")

	var keys []string
	for object := range client.ListObjects(ctx, bucket, minio.ListObjectsOptions{Recursive: true}) {
		must(0, object.Err)
		keys = append(keys, object.Key)
	}
	check(strings.Join(keys, ",") == "composed,copy,dir/big,dir/small ü,dir/streamed", "ListObjects: "+strings.Join(keys, ","))

	url := must(client.PresignedGetObject(ctx, bucket, "dir/small ü", time.Minute, nil))
	check(strings.Contains(url.String(), "X-Amz-Signature"), "PresignedGetObject")
	_, err := client.StatObject(ctx, bucket, "none", minio.StatObjectOptions{})
	check(minio.ToErrorResponse(err).Code == "NoSuchKey", "missing key")

	objects := make(chan minio.ObjectInfo)
	go func() {
		defer close(objects)
		for _, key := range keys {
			objects <- minio.ObjectInfo{Key: key}
		}
	}()
	for failure := range client.RemoveObjects(ctx, bucket, objects, minio.RemoveObjectsOptions{}) {
		log.Fatal(failure.Err)
	}
	must(0, client.RemoveBucket(ctx, bucket))
	fmt.Println("ok")
}
